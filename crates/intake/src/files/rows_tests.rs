use super::*;
use proptest::prelude::*;

const SHAPE: RowShape = RowShape {
    encoding: Encoding::Cp932,
    marks: Marks { delimiter: b',', quote: Some(b'"') },
    multiline: false,
    max_octets: 40,
};

fn read(octets: &[u8], shape: RowShape) -> Vec<(u64, Result<Vec<String>, Reason>)> {
    // A buffer of three octets, so that every boundary is crossed.
    let mut rows = Rows::new(io::BufReader::with_capacity(3, octets), shape);
    let mut out = Vec::new();
    while let Some(row) = rows.next_row().unwrap() {
        let cells =
            row.cells.map(|cells| cells.iter().map(str::to_owned).collect()).map_err(|fault| fault.reason);
        out.push((row.line, cells));
    }
    out
}

#[expect(clippy::unnecessary_wraps, reason = "what is compared are results")]
fn cells(of: &[&str]) -> Result<Vec<String>, Reason> {
    Ok(of.iter().map(|&cell| cell.to_owned()).collect())
}

#[test]
fn a_bad_row_spoils_only_itself() {
    let octets = b"a,b\r\n\"open,1\r\n\x81\x20,2\r\n\r\nc,d";
    let rows = vec![
        (1, cells(&["a", "b"])),
        (2, Err(Reason::Quotes)),
        (3, Err(Reason::Encoding)),
        (5, cells(&["c", "d"])),
    ];
    assert_eq!(read(octets, SHAPE), rows);
}

#[test]
fn rows_of_nothing_but_empty_cells_are_passed_over_however_many() {
    let rows = [b"a,b\n1,\n".as_slice(), &b",\n".repeat(100_000), b"\"\",\n ,\n2,3\n,\n"].concat();
    let wanted = [
        (1, cells(&["a", "b"])),
        (2, cells(&["1", ""])),
        (100_004, cells(&[" ", ""])),
        (100_005, cells(&["2", "3"])),
    ];
    assert_eq!(read(&rows, SHAPE), wanted);
}

#[test]
fn a_row_may_be_as_long_as_the_bound_and_no_longer() {
    let mut octets = vec![b'x'; 40];
    octets.extend_from_slice(b"\n");
    octets.extend_from_slice(&[b'y'; 41]);
    octets.extend_from_slice(b"\nz\n");
    let rows = vec![(1, cells(&["x".repeat(40).as_str()])), (2, Err(Reason::TooLong)), (3, cells(&["z"]))];
    assert_eq!(read(&octets, SHAPE), rows);
}

#[test]
fn a_quoted_cell_may_contain_line_ends_where_the_mapping_says_so() {
    let shape = RowShape { multiline: true, ..SHAPE };
    let octets = b"1,\"two\r\nlines\"\n2,\"open\n3,x\n4,\"also\nfine\"\n";
    let rows = vec![
        (1, cells(&["1", "two\nlines"])),
        (3, Err(Reason::Quotes)),
        (4, cells(&["3", "x"])),
        (5, cells(&["4", "also\nfine"])),
    ];
    assert_eq!(read(octets, shape), rows);
}

#[test]
fn a_byte_order_mark_and_an_old_end_of_file_mark_are_not_content() {
    let shape = RowShape { encoding: Encoding::Utf8, ..SHAPE };
    assert_eq!(read("\u{feff}\"a\",b\n\u{1a}".as_bytes(), shape), vec![(1, cells(&["a", "b"]))]);
}

proptest! {
    #[test]
    fn reading_any_octets_ends_and_counts_lines_upwards(octets: Vec<u8>, multiline: bool) {
        let rows = read(&octets, RowShape { multiline, ..SHAPE });
        prop_assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn good_rows_around_a_bad_one_are_all_read(bad in "[a\",]{1,12}", multiline: bool) {
        let shape = RowShape { multiline, ..SHAPE };
        let octets = format!("first,1\n{bad}\nsecond,2\nthird,3\n");
        let rows = read(octets.as_bytes(), shape);
        for wanted in [cells(&["first", "1"]), cells(&["second", "2"]), cells(&["third", "3"])] {
            prop_assert!(rows.iter().any(|(_, found)| *found == wanted));
        }
    }
}
