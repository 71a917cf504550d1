//! Log files as they lie on the disk: plain or, after rotation, compressed.

use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a log file; a compressed one is decompressed, whatever its name.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from_raw_os_error(IS_A_DIRECTORY));
    }
    let mut start = [0; 2];
    let mut read = 0;
    while read < start.len() {
        match file.read(&mut start[read..])? {
            0 => break,
            some => read += some,
        }
    }
    // what cannot be rewound, a pipe, is given its start back
    if file.seek(SeekFrom::Start(0)).is_err() {
        let rest = io::Cursor::new(start[..read].to_vec()).chain(file);
        return Ok(if start == GZIP { Box::new(MultiGzDecoder::new(rest)) } else { Box::new(rest) });
    }
    Ok(if start == GZIP { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// `EISDIR`.
const IS_A_DIRECTORY: i32 = 21;
