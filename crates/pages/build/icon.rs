//! Draws the mark: a seal with a person in it, on a field of the brand's blue. Same shape as `assets/icon.svg`.

use std::io::{self, Write as _};

/// How the field ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Round corners of its own.
    Rounded,
    /// To the very edge: the system cuts it.
    Square,
}

const BLUE: [u8; 3] = [0x00, 0x17, 0xc1];
/// Samples per side of a pixel.
const FINE: u32 = 4;

/// The mark as PNG of so many pixels a side.
pub(crate) fn png(size: u32, shape: Shape) -> io::Result<Vec<u8>> {
    let mut rows = Vec::new();
    for y in 0..size {
        rows.push(0);
        for x in 0..size {
            let (mut field, mut white) = (0u32, 0u32);
            for sample in 0..FINE * FINE {
                let place = |pixel: u32, part: u32| {
                    (f64::from(pixel) + (f64::from(part) + 0.5) / f64::from(FINE)) * 64.0 / f64::from(size)
                };
                let (px, py) = (place(x, sample % FINE), place(y, sample / FINE));
                field += u32::from(shape == Shape::Square || within_field(px, py));
                white += u32::from(within_mark(px, py));
            }
            let all = FINE * FINE;
            for blue in BLUE {
                rows.push(eight_bits((u32::from(blue) * (all - white) + 255 * white) / all));
            }
            rows.push(eight_bits(field * 255 / all));
        }
    }
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(&rows)?;
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = [size.to_be_bytes(), size.to_be_bytes()].concat();
    head.extend([8, 6, 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &head)?;
    chunk(&mut out, *b"IDAT", &zlib.finish()?)?;
    chunk(&mut out, *b"IEND", &[])?;
    Ok(out)
}

fn within(x: f64, y: f64, cx: f64, cy: f64, r: f64) -> bool {
    (x - cx).powi(2) + (y - cy).powi(2) <= r * r
}

fn within_field(x: f64, y: f64) -> bool {
    let (dx, dy) = ((x - 32.0).abs() - 18.0, (y - 32.0).abs() - 18.0);
    dx.max(0.0).powi(2) + dy.max(0.0).powi(2) <= 14.0 * 14.0
}

fn within_mark(x: f64, y: f64) -> bool {
    let ring = within(x, y, 32.0, 32.0, 24.0) && !within(x, y, 32.0, 32.0, 20.5);
    let head = within(x, y, 32.0, 26.0, 7.0);
    let shoulders = within(x, y, 32.0, 50.0, 13.0) && within(x, y, 32.0, 32.0, 17.0);
    ring || head || shoulders
}

fn eight_bits(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    out.extend(length.to_be_bytes());
    out.extend(kind);
    out.extend(body);
    let mut crc = flate2::Crc::new();
    crc.update(&kind);
    crc.update(body);
    out.extend(crc.sum().to_be_bytes());
    Ok(())
}
