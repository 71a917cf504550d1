//! Breaking a text into lines as Python 2.7's `textwrap` does.

/// The lines of the text, each of at most `width` letters; words are broken after hyphens and, when longer than a line,
/// anywhere.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for (position, word) in text.split_whitespace().enumerate() {
        let mut space = if position == 0 { "" } else { " " };
        for piece in pieces(word) {
            let mut piece = piece;
            loop {
                if line.is_empty() && !lines.is_empty() {
                    space = "";
                }
                let taken = line.len() + space.len();
                if taken + piece.len() <= width {
                    line = line + space + piece;
                    break;
                }
                // a piece longer than a line fills the rest of this one
                if piece.len() > width && taken < width {
                    let end = floor(piece, width - taken);
                    line = line + space + &piece[..end];
                    piece = &piece[end..];
                }
                lines.push(std::mem::take(&mut line));
                space = "";
            }
            space = "";
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// `stop-start` as `stop-` and `start`.
fn pieces(word: &str) -> Vec<&str> {
    let bytes = word.as_bytes();
    let letter = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let of_word = |at: usize| letter(at) || bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut pieces = Vec::new();
    let mut from = 0;
    for at in 0..bytes.len() {
        let before = at >= from + 2 && letter(at - 1) && of_word(at - 2);
        let after = of_word(at + 1) && (at + 2..bytes.len()).take_while(|at| of_word(*at)).any(letter);
        if bytes[at] == b'-' && before && after {
            pieces.push(&word[from..=at]);
            from = at + 1;
        }
    }
    pieces.push(&word[from..]);
    pieces
}

/// The largest boundary of a letter up to `at`, one letter at least.
fn floor(text: &str, at: usize) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    (first..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(first)
}
