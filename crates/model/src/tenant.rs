//! Tenants never meet: a tenant is part of every key.

/// The name by which callers know a tenant: `[a-z0-9][a-z0-9_-]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantName(String);

impl TenantName {
    /// `None` when the name is not of that form.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let bytes = name.as_bytes();
        let first = bytes.first()?;
        (bytes.len() <= 63 && plain(*first) && bytes.iter().all(|&c| plain(c) || c == b'_' || c == b'-'))
            .then(|| Self(name.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TenantName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tenant's number in every row and in every customer id: 48 random bits,
/// given once when the tenant first records something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantKey(pub i64);
