//! Grants and keys, both ways.

use crate::access::{Grant, KeyKind, Permission, Role, StoredKey, TenantScope};
use crate::model::{Micros, Reason};
use crate::rpc::convert::{Checks, Path, timestamp};
use crate::rpc::error::PortError;
use crate::rpc::proto;

/// Grants of one principal at most.
const GRANTS: usize = 100;
/// Permissions, sources or kinds of one grant at most.
const MEMBERS: usize = 1_000;

pub(super) fn read_grants(c: &mut Checks<'_>, at: &Path<'_>, said: &[proto::Grant]) -> Vec<Grant> {
    if said.len() > GRANTS {
        c.refuse(&at.field("grants"), Reason::TooMany, format!("at most {GRANTS}"));
        return Vec::new();
    }
    said.iter().enumerate().filter_map(|(i, grant)| read_grant(c, &at.item("grants", i), grant)).collect()
}

fn read_grant(c: &mut Checks<'_>, at: &Path<'_>, said: &proto::Grant) -> Option<Grant> {
    for (field, size) in [
        ("permissions", said.permissions.len()),
        ("sources", said.sources.len()),
        ("kinds", said.kinds.len()),
    ] {
        if size > MEMBERS {
            c.refuse(&at.field(field), Reason::TooMany, format!("at most {MEMBERS}"));
            return None;
        }
    }
    let tenant = TenantScope::parse(&said.tenant);
    if tenant.is_none() {
        c.refuse(&at.field("tenant"), Reason::Malformed, "is neither a tenant's name nor *");
    }
    let role = Role::parse(&said.role);
    if role.is_none() && !said.role.is_empty() {
        c.refuse(&at.field("role"), Reason::Unknown, "is no role");
    }
    let mut permissions = Vec::new();
    for (i, name) in said.permissions.iter().enumerate() {
        match Permission::parse(name) {
            Some(permission) => permissions.push(permission),
            None => c.refuse(&at.item("permissions", i), Reason::Unknown, "is no permission"),
        }
    }
    let mut texts = |field: &'static str, said: &[String]| -> Vec<String> {
        let each = said.iter().enumerate();
        each.map(|(i, text)| c.required_text(&at.item(field, i), text.clone(), 128)).collect()
    };
    let (sources, kinds) = (texts("sources", &said.sources), texts("kinds", &said.kinds));
    let until = said.until.map(|until| c.instant(&at.field("until"), Some(until)));
    let until_us = until.flatten().map(|at| at.0);
    Some(Grant { tenant: tenant?, role, permissions, sources, kinds, until_us })
}

pub(super) fn grant_to_proto(grant: &Grant) -> proto::Grant {
    proto::Grant {
        tenant: grant.tenant.as_str().to_owned(),
        role: grant.role.map_or_else(String::new, |role| role.name().to_owned()),
        permissions: grant.permissions.iter().map(|permission| permission.name().to_owned()).collect(),
        sources: grant.sources.clone(),
        kinds: grant.kinds.clone(),
        until: grant.until_us.map(|until| timestamp(Micros(until))),
    }
}

pub(super) fn key_kind(said: i32) -> Result<KeyKind, PortError> {
    match proto::KeyKind::try_from(said) {
        Ok(proto::KeyKind::Secret) => Ok(KeyKind::Secret),
        Ok(proto::KeyKind::Public) => Ok(KeyKind::Public),
        Ok(proto::KeyKind::Admin) => Ok(KeyKind::Admin),
        Ok(proto::KeyKind::Unspecified) => Err(PortError::field("kind", Reason::Required, "must be set")),
        Err(_) => Err(PortError::field("kind", Reason::Unknown, "is no KeyKind")),
    }
}

pub(super) fn key_to_proto(key: &StoredKey) -> proto::ApiKey {
    let kind = match key.kind {
        KeyKind::Secret => proto::KeyKind::Secret,
        KeyKind::Public => proto::KeyKind::Public,
        KeyKind::Admin => proto::KeyKind::Admin,
    };
    let instant = |at: Option<i64>| at.map(|at| timestamp(Micros(at)));
    proto::ApiKey {
        key_id: key.id.clone(),
        name: key.name.clone(),
        kind: kind.into(),
        grants: key.grants.iter().map(grant_to_proto).collect(),
        created_at: instant(Some(key.created_us)),
        created_by: key.created_by.clone(),
        not_before: instant(key.not_before_us),
        expires_at: instant(key.expires_us),
        revoked_at: instant(key.revoked_us),
        previous_until: instant(key.previous.map(|(_, until)| until)),
    }
}
