//! What a principal is given: permissions over a tenant, bound to sources and kinds.

use serde::{Deserialize, Serialize};

use super::permission::{Permission, Permissions, Role};
use crate::model::{Micros, TenantName};

/// All tenants, or one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenantScope {
    All,
    One(TenantName),
}

impl TenantScope {
    /// `*` or a tenant's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::All),
            name => TenantName::parse(name).map(Self::One),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "*",
            Self::One(name) => name.as_str(),
        }
    }
}

impl Serialize for TenantScope {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TenantScope {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no tenant's name"))
    }
}

/// One grant. Grants add up; nothing takes away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub tenant: TenantScope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Beside those of the role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
    /// Sources that may be written; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Kinds of identifiers that a public key may write; empty: the anonymous ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Until when it holds (exclusive), in microseconds since 1970; none: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_us: Option<i64>,
}

impl Grant {
    /// A role over a tenant, without limits.
    #[must_use]
    pub fn of_role(tenant: TenantScope, role: Role) -> Self {
        Self {
            tenant,
            role: Some(role),
            permissions: Vec::new(),
            sources: Vec::new(),
            kinds: Vec::new(),
            until_us: None,
        }
    }

    /// The role's and the single ones.
    #[must_use]
    pub fn all_permissions(&self) -> Permissions {
        let of_role = self.role.map_or(Permissions::NONE, Role::permissions);
        of_role.and(Permissions::of(&self.permissions))
    }

    #[must_use]
    pub fn holds_at(&self, now: Micros) -> bool {
        self.until_us.is_none_or(|until| now.0 < until)
    }
}
