//! Bodies of requests: bytes in memory, or a file that is read while it is sent.

use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// So much of a file is in memory at once.
const CHUNK: u64 = 64 * 1024;

/// What a request carries.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    File(File),
}

/// A file to be sent, as long as it was when it was looked at.
#[derive(Debug, Clone)]
pub(crate) struct File {
    path: PathBuf,
    length: u64,
}

impl File {
    /// Looks at a file; the error says why it cannot be sent.
    pub(crate) async fn look(path: PathBuf) -> Result<Self, String> {
        let facts =
            tokio::fs::metadata(&path).await.map_err(|error| format!("{}: {error}", path.display()))?;
        match facts.is_file() {
            true => Ok(Self { path, length: facts.len() }),
            false => Err(format!("{}: no file", path.display())),
        }
    }
}

impl Body {
    /// The body for the client.
    pub(super) async fn open(&self) -> Result<reqwest::Body, String> {
        match self {
            Body::Bytes(bytes) => Ok(bytes.clone().into()),
            Body::File(File { path, length }) => {
                let file = tokio::fs::File::open(path)
                    .await
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                Ok(reqwest::Body::wrap(FileBody { file, left: *length }))
            }
        }
    }
}

struct FileBody {
    file: tokio::fs::File,
    left: u64,
}

impl http_body::Body for FileBody {
    type Data = bytes::Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut chunk = vec![0; self.left.min(CHUNK) as usize];
        let mut space = ReadBuf::new(&mut chunk);
        let read = ready!(Pin::new(&mut self.file).poll_read(context, &mut space));
        let length = space.filled().len();
        if let Err(error) = read {
            return Poll::Ready(Some(Err(error)));
        }
        if length == 0 {
            let shorter = Error::new(ErrorKind::UnexpectedEof, "the file became shorter");
            return Poll::Ready(Some(Err(shorter)));
        }
        self.left -= length as u64;
        chunk.truncate(length);
        Poll::Ready(Some(Ok(http_body::Frame::data(chunk.into()))))
    }

    /// Known, so that the request has a `Content-Length`.
    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left)
    }
}
