//! Bodies in chunks: reading, strictly, and writing.
//!
//! Lines end with CR LF and sizes are hexadecimal digits; anything a lenient reader might take differently is an error,
//! so that no two programs can disagree about where a message ends.

/// Extensions and trailers of one body may be this long together; they are dropped.
const MAX_OVERHEAD: usize = 16 * 1024;

/// The bytes are no chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What stands at the front of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing usable: after `skip` bytes more input is needed.
    More {
        /// Bytes that are done with.
        skip: usize,
    },
    /// Data.
    Data {
        /// Bytes before it that are done with.
        skip: usize,
        /// Its length.
        length: usize,
    },
    /// The body has ended.
    End {
        /// Bytes that belong to the body.
        skip: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits of a size.
    Size { value: u64, digits: u8 },
    /// In an extension, until CR.
    Extension { value: u64 },
    /// LF after a size.
    SizeLf { value: u64 },
    /// In data.
    Data { left: u64 },
    /// CR after data.
    DataCr,
    /// LF after data.
    DataLf,
    /// At the begin of a trailer line.
    Trailer,
    /// In a trailer line, until CR.
    TrailerLine,
    /// LF after a trailer line.
    TrailerLf,
    /// LF after the last, empty line.
    LastLf,
    /// Over.
    End,
}

/// The place in a chunked body.
#[derive(Clone, Debug)]
pub struct Chunked {
    state: State,
    overhead: usize,
}

impl Default for Chunked {
    fn default() -> Self {
        Self { state: State::Size { value: 0, digits: 0 }, overhead: 0 }
    }
}

impl Chunked {
    /// Reads from the front of `input`. Data that it reports counts as read.
    ///
    /// # Errors
    /// [`Malformed`]; nothing can be read from there on.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        for (at, byte) in input.iter().enumerate() {
            self.state = match (self.state, byte) {
                (State::Data { left }, _) => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(input.len() - at);
                    let left = left - length as u64;
                    self.state = if left == 0 { State::DataCr } else { State::Data { left } };
                    return Ok(Step::Data { skip: at, length });
                }
                (State::Size { value, digits }, digit) if digit.is_ascii_hexdigit() => {
                    // 15 digits are an exabyte, and cannot overflow
                    if digits == 15 {
                        return Err(Malformed);
                    }
                    let digit = char::from(*digit).to_digit(16).unwrap_or_default();
                    State::Size { value: value * 16 + u64::from(digit), digits: digits + 1 }
                }
                (State::Size { digits: 0, .. }, _) => return Err(Malformed),
                (State::Size { value, .. }, b';' | b' ' | b'\t') => State::Extension { value },
                (State::Size { value, .. } | State::Extension { value }, b'\r') => State::SizeLf { value },
                (State::Extension { value }, byte) if *byte != b'\n' => {
                    self.count()?;
                    State::Extension { value }
                }
                (State::SizeLf { value: 0 }, b'\n') => State::Trailer,
                (State::SizeLf { value }, b'\n') => State::Data { left: value },
                (State::DataCr, b'\r') => State::DataLf,
                (State::DataLf, b'\n') => State::Size { value: 0, digits: 0 },
                (State::Trailer, b'\r') => State::LastLf,
                (State::TrailerLine, b'\r') => State::TrailerLf,
                (State::Trailer | State::TrailerLine, byte) if *byte != b'\n' => {
                    self.count()?;
                    State::TrailerLine
                }
                (State::TrailerLf, b'\n') => State::Trailer,
                (State::LastLf, b'\n') => {
                    self.state = State::End;
                    return Ok(Step::End { skip: at + 1 });
                }
                (State::End, _) => return Ok(Step::End { skip: at }),
                _ => return Err(Malformed),
            };
        }
        Ok(if self.state == State::End {
            Step::End { skip: input.len() }
        } else {
            Step::More { skip: input.len() }
        })
    }

    fn count(&mut self) -> Result<(), Malformed> {
        self.overhead += 1;
        if self.overhead > MAX_OVERHEAD { Err(Malformed) } else { Ok(()) }
    }
}

/// Writes what stands before a chunk of this length; [`CHUNK_END`] follows its data.
pub fn write_size(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{length:x}\r\n").as_bytes());
}

/// Stands after a chunk's data.
pub const CHUNK_END: &[u8] = b"\r\n";
/// Ends a body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the input in pieces of `size` bytes: the data, and what follows the body.
    fn read(input: &[u8], size: usize) -> Result<(Vec<u8>, bool, usize), Malformed> {
        let (mut chunked, mut data, mut used) = (Chunked::default(), Vec::new(), 0);
        while used < input.len() {
            let end = (used + size).min(input.len());
            match chunked.step(&input[used..end])? {
                Step::More { skip } => used += skip,
                Step::Data { skip, length } => {
                    data.extend_from_slice(&input[used + skip..used + skip + length]);
                    used += skip + length;
                }
                Step::End { skip } => return Ok((data, true, used + skip)),
            }
        }
        Ok((data, false, used))
    }

    #[test]
    fn bodies_are_read_in_pieces_of_any_size() {
        for (input, data, rest) in [
            ("0\r\n\r\n", "", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc", ""),
            ("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /", "abcde", "GET /"),
            ("A;x=\"y\"\r\n0123456789\r\n000\r\nT: v\r\nU: w\r\n\r\nX", "0123456789", "X"),
            ("0000000000000a \r\n0123\r\n6789\r\n0\r\n\r\n", "0123\r\n6789", ""),
        ] {
            for size in [1, 2, 3, 7, 1000] {
                let (read, ended, used) = read(input.as_bytes(), size).unwrap();
                assert!(ended, "{input:?}");
                assert_eq!(read, data.as_bytes(), "{input:?}");
                assert_eq!(&input.as_bytes()[used..], rest.as_bytes(), "{input:?} {size}");
            }
        }
    }

    #[test]
    fn what_readers_could_take_differently_is_an_error() {
        for input in [
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            "3\nabc",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "3\r\nabc0\r\n",
            " 3\r\n",
            "0\r\n\n",
            "0\r\nA: b\n\r\n",
            "1;a\nb\r\n",
            "1000000000000000\r\n",
            "0\r\n\rX",
            "3\r\r\nabc",
        ] {
            for size in [1, 1000] {
                assert_eq!(read(input.as_bytes(), size).unwrap_err(), Malformed, "{input:?}");
            }
        }
        let extension = format!("1;{}", "x".repeat(MAX_OVERHEAD + 1));
        assert_eq!(read(extension.as_bytes(), 100).unwrap_err(), Malformed);
    }

    #[test]
    fn an_unfinished_body_has_not_ended() {
        for input in ["", "3", "3\r\nab", "3\r\nabc\r\n", "0\r\n", "0\r\n\r"] {
            assert!(!read(input.as_bytes(), 1000).unwrap().1, "{input:?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut out = Vec::new();
        for data in [&b"hello"[..], &[7; 300]] {
            write_size(data.len(), &mut out);
            out.extend_from_slice(data);
            out.extend_from_slice(CHUNK_END);
        }
        out.extend_from_slice(LAST_CHUNK);
        let (data, ended, used) = read(&out, 50).unwrap();
        assert!(ended && used == out.len() && data.len() == 305);
    }
}
