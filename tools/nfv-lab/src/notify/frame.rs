//! The boot message of a host: a length, an HMAC, JSON. Contract: southbound 10.

use std::io;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAC_SIZE: usize = 64;
/// Longer answers are no answers.
const LONGEST: usize = 1024 * 1024;

/// Length (little-endian, of the rest), HMAC-SHA512 of the payload, payload.
#[must_use]
pub fn encode(key: &str, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(MAC_SIZE + payload.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(4 + MAC_SIZE + payload.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&sign(key, payload));
    frame.extend_from_slice(payload);
    frame
}

fn sign(key: &str, payload: &[u8]) -> Vec<u8> {
    // A key of any length is good for HMAC.
    Hmac::<Sha512>::new_from_slice(key.as_bytes())
        .map(|mac| mac.chain_update(payload).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// The payload of what follows the length, if it is signed with the key.
#[must_use]
pub fn decode<'a>(key: &str, rest: &'a [u8]) -> Option<&'a [u8]> {
    let (mac, payload) = rest.split_at_checked(MAC_SIZE)?;
    (sign(key, payload) == mac).then_some(payload)
}

/// The payload that says that a host boots; its data is a text that holds JSON.
#[must_use]
pub fn booting(data: &Value) -> Vec<u8> {
    json!({"version": 1, "notify-type": "booting", "notify-data": data.to_string()}).to_string().into_bytes()
}

/// Sends the boot message and returns the `status` of the answer.
///
/// # Errors
/// No connection, no answer, an answer that is not signed, or a status other than `okay` and `accepted`.
pub async fn send_booting(address: &str, key: &str, data: &Value) -> io::Result<String> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&encode(key, &booting(data))).await?;
    let length = stream.read_u32_le().await? as usize;
    if !(MAC_SIZE..=LONGEST).contains(&length) {
        return Err(wrong("bad length in the answer"));
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    let payload = decode(key, &rest).ok_or_else(|| wrong("the answer is not signed"))?;
    let answer: Value = serde_json::from_slice(payload).map_err(|_| wrong("the answer is not JSON"))?;
    match answer["status"].as_str() {
        Some(status @ ("okay" | "accepted")) => Ok(status.to_owned()),
        _ => Err(wrong("the answer says error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_length_hmac_and_json() {
        let payload = booting(&json!({"hostname": "compute-0"}));
        let value: Value = serde_json::from_slice(&payload).expect("JSON");
        assert_eq!(
            value,
            json!({"version": 1, "notify-type": "booting", "notify-data": "{\"hostname\":\"compute-0\"}"})
        );
        let frame = encode("key", b"The quick brown fox jumps over the lazy dog");
        assert_eq!(&frame[..4], &[64 + 43, 0, 0, 0]);
        let mac: String = frame[4..68].iter().map(|byte| format!("{byte:02x}")).collect();
        // HMAC_SHA512("key", "The quick brown fox jumps over the lazy dog"), a well-known value.
        assert_eq!(
            mac,
            "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb\
             82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a"
        );
        assert_eq!(decode("key", &frame[4..]), Some(&b"The quick brown fox jumps over the lazy dog"[..]));
        assert_eq!(decode("other", &frame[4..]), None);
        assert_eq!(decode("key", &frame[4..20]), None);
    }
}
