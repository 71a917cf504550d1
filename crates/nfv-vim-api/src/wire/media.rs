//! Which form a body has and which the client wants. Contract: vim-api 1.3.

/// Form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json`
    Json,
    /// `application/xml`
    Xml,
    /// `text/xml`
    TextXml,
}

impl Media {
    /// Value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml; charset=UTF-8",
            Self::TextXml => "text/xml; charset=UTF-8",
        }
    }

    /// What there is, first what is taken when the client has no preference.
    const OFFERS: [(Self, &'static str); 3] =
        [(Self::Json, "application/json"), (Self::Xml, "application/xml"), (Self::TextXml, "text/xml")];

    /// The form that fits `Accept` best; none if none fits.
    pub fn wanted(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.map(str::trim).filter(|accept| !accept.is_empty()) else {
            return Some(Self::Json);
        };
        best(accept, &Self::OFFERS)
    }
}

/// The offer that a client likes best; of equals the first.
pub fn best<T: Copy>(accept: &str, offers: &[(T, &str)]) -> Option<T> {
    let mut found: Option<(T, f32)> = None;
    for (offer, name) in offers {
        let quality = quality(accept, name);
        if quality > 0.0 && found.is_none_or(|(_, best)| quality > best) {
            found = Some((*offer, quality));
        }
    }
    found.map(|(offer, _)| offer)
}

/// How much `Accept` likes a type.
fn quality(accept: &str, name: &str) -> f32 {
    let (main, _) = name.split_once('/').unwrap_or((name, ""));
    let mut best = 0.0;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let fits = range == "*/*" || range == "*" || range == name || range.strip_suffix("/*") == Some(main);
        if !fits {
            continue;
        }
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        best = f32::max(best, quality.unwrap_or(1.0).clamp(0.0, 1.0));
    }
    best
}

/// Form of a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyType {
    /// JSON.
    Json,
    /// XML.
    Xml,
    /// Fields of a form.
    Form,
    /// Another.
    Unknown(String),
}

impl BodyType {
    /// Reads `Content-Type`; without one it is plain text.
    pub fn of(content_type: Option<&str>) -> Self {
        let name = content_type.unwrap_or("text/plain").split(';').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "application/json" | "text/javascript" | "application/javascript" => Self::Json,
            "text/xml" => Self::Xml,
            "application/x-www-form-urlencoded" => Self::Form,
            _ => Self::Unknown(name.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_accept() {
        use Media::{Json, TextXml, Xml};
        for (accept, want) in [
            (None, Some(Json)),
            (Some(""), Some(Json)),
            (Some("*/*"), Some(Json)),
            (Some("application/json"), Some(Json)),
            (Some("application/*"), Some(Json)),
            (Some("application/xml"), Some(Xml)),
            (Some("text/xml"), Some(TextXml)),
            (Some("text/html, application/xml;q=0.5, application/json;q=0.4"), Some(Xml)),
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Some(Xml)),
            (Some("text/html"), None),
            (Some("application/json;q=0"), None),
            (Some("application/json;q=zork"), Some(Json)),
            (Some(";;,,"), None),
        ] {
            assert_eq!(Media::wanted(accept), want, "{accept:?}");
        }
    }
}
