//! A picture on a sheet: read and packed once, so that no document pays for it again.

use std::fmt;
use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};

use crate::file::packed;

/// The most octets that reading a picture may take: one of 1,024 by 1,024 takes a quarter of it.
const MOST_OCTETS: usize = 16 << 20;

/// A picture as it goes into a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) wide: u32,
    pub(crate) high: u32,
    /// Red, green and blue of each point, packed.
    pub(crate) colours: Vec<u8>,
    /// How much each point covers, packed; `None` where all cover wholly.
    pub(crate) cover: Option<Vec<u8>>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.wide, self.high)
    }
}

/// Why a picture is not taken.
#[derive(Debug, thiserror::Error)]
#[error("read a PNG: {0}")]
pub struct BadPicture(#[from] png::DecodingError);

impl Picture {
    /// Reads a PNG.
    ///
    /// # Errors
    /// [`BadPicture`] where it is damaged, or far larger than a mark.
    pub fn png(octets: &[u8]) -> Result<Self, BadPicture> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(octets), Limits { bytes: MOST_OCTETS });
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let most = reader.output_buffer_size().filter(|size| *size <= MOST_OCTETS);
        let mut points = vec![0; most.ok_or(png::DecodingError::LimitsExceeded)?];
        let frame = reader.next_frame(&mut points)?;
        reader.finish()?;
        points.truncate(frame.buffer_size());
        let (mut colours, mut cover) = (Vec::new(), Vec::new());
        for point in points.chunks_exact(frame.color_type.samples().max(1)) {
            match (frame.color_type, point) {
                (ColorType::Grayscale | ColorType::Indexed, [grey]) => colours.extend([*grey; 3]),
                (ColorType::GrayscaleAlpha, [grey, covers]) => {
                    colours.extend([*grey; 3]);
                    cover.push(*covers);
                }
                (ColorType::Rgba, [colour @ .., covers]) => {
                    colours.extend(colour);
                    cover.push(*covers);
                }
                (_, colour) => colours.extend(colour),
            }
        }
        let cover = cover.iter().any(|covers| *covers != u8::MAX).then(|| packed(&cover));
        Ok(Self { wide: frame.width, high: frame.height, colours: packed(&colours), cover })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;
    use png::{BitDepth, Encoder};

    use super::*;

    fn png(colour: ColorType, depth: BitDepth, points: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        let mut encoder = Encoder::new(&mut octets, 2, 1);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
            encoder.set_trns(vec![255, 0]);
        }
        encoder.write_header().unwrap().write_image_data(points).unwrap();
        octets
    }

    fn unpacked(octets: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        ZlibDecoder::new(octets).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn every_kind_of_png_becomes_colours_and_what_they_cover() {
        for (colour, depth, points, colours, cover) in [
            (ColorType::Rgb, BitDepth::Eight, &[1, 2, 3, 4, 5, 6][..], [1, 2, 3, 4, 5, 6], None),
            (ColorType::Rgba, BitDepth::Eight, &[1, 2, 3, 9, 4, 5, 6, 8], [1, 2, 3, 4, 5, 6], Some([9, 8])),
            (ColorType::Rgba, BitDepth::Eight, &[1, 2, 3, 255, 4, 5, 6, 255], [1, 2, 3, 4, 5, 6], None),
            (ColorType::Grayscale, BitDepth::Eight, &[7, 9], [7, 7, 7, 9, 9, 9], None),
            (ColorType::Grayscale, BitDepth::One, &[0b1000_0000], [255, 255, 255, 0, 0, 0], None),
            (ColorType::GrayscaleAlpha, BitDepth::Eight, &[7, 0, 9, 1], [7, 7, 7, 9, 9, 9], Some([0, 1])),
            (
                ColorType::Rgb,
                BitDepth::Sixteen,
                &[1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0],
                [1, 2, 3, 4, 5, 6],
                None,
            ),
            (ColorType::Indexed, BitDepth::One, &[0b0100_0000], [1, 2, 3, 4, 5, 6], Some([255, 0])),
        ] {
            let read = Picture::png(&png(colour, depth, points)).unwrap();
            assert_eq!((read.wide, read.high), (2, 1));
            assert_eq!(unpacked(&read.colours), colours, "{colour:?} {depth:?}");
            assert_eq!(
                read.cover.map(|cover| unpacked(&cover)),
                cover.map(Vec::from),
                "{colour:?} {depth:?}"
            );
        }
    }

    #[test]
    fn a_png_that_is_damaged_cut_or_a_bomb_is_refused() {
        let whole = png(ColorType::Rgb, BitDepth::Eight, &[1, 2, 3, 4, 5, 6]);
        for end in 0..whole.len() - 12 {
            assert!(Picture::png(&whole[..end]).is_err(), "{end} octets of {}", whole.len());
        }
        for place in [20, 45, 50] {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            assert!(Picture::png(&damaged).is_err(), "{place}");
        }
        let mut octets = Vec::new();
        let encoder = Encoder::new(&mut octets, 100_000, 100_000);
        drop(encoder.write_header().unwrap());
        assert!(Picture::png(&octets).is_err());
    }
}
