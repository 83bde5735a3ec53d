//! Whether the settings of access fit together: nobody listens to a network unprotected by mistake.

use std::net::SocketAddr;

use super::{Auth, Written};

/// A setting, and what is wrong with it.
type Bad = (&'static str, String);

const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// # Errors
/// The setting to change, with those that it does not fit.
pub(super) fn check(written: &Written, listen: SocketAddr) -> Result<Auth, Bad> {
    let auth = modes(&written.auth)?;
    let (tls, loopback) = (!written.tls_certificate_file.is_empty(), listen.ip().is_loopback());
    if auth.is_none() && !loopback {
        let what = format!(
            "`none` is for loopback only, and `listen` is {listen}: set `auth` to `keys`, or `listen` to 127.0.0.1"
        );
        return Err(("auth", what));
    }
    if !tls && !loopback && !written.insecure_listen {
        let what = format!(
            "{listen} is not loopback: set `tls_certificate_file` and `tls_key_file`, or `insecure_listen` behind a proxy that ends TLS"
        );
        return Err(("listen", what));
    }
    check_tls(written, auth, tls)?;
    if auth.jwt {
        check_tokens(written)?;
    }
    Ok(auth)
}

fn modes(text: &str) -> Result<Auth, Bad> {
    let mut auth = Auth::default();
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts == ["none"] {
        return Ok(auth);
    }
    for part in parts {
        match part {
            "keys" => auth.keys = true,
            "jwt" => auth.jwt = true,
            "mtls" => auth.mtls = true,
            other => {
                let what = format!("`{other}` is none of keys, jwt and mtls; or write `none` alone");
                return Err(("auth", what));
            }
        }
    }
    Ok(auth)
}

fn check_tls(written: &Written, auth: Auth, tls: bool) -> Result<(), Bad> {
    if tls == written.tls_key_file.is_empty() {
        return Err(("tls_key_file", "goes with `tls_certificate_file`: set both or none".to_owned()));
    }
    let asked = match written.tls_client.as_str() {
        "off" => false,
        "optional" | "required" => true,
        other => return Err(("tls_client", format!("`{other}` is none of off, optional and required"))),
    };
    if asked && (!tls || written.tls_client_ca_file.is_empty()) {
        let what = "needs `tls_certificate_file` and `tls_client_ca_file`".to_owned();
        return Err(("tls_client", what));
    }
    match auth.mtls && !asked {
        true => Err(("auth", "`mtls` needs `tls_client` to be optional or required".to_owned())),
        false => Ok(()),
    }
}

fn check_tokens(written: &Written) -> Result<(), Bad> {
    for (setting, text) in [("auth_issuer", &written.auth_issuer), ("auth_audience", &written.auth_audience)]
    {
        if text.is_empty() {
            return Err((setting, "must be set when `auth` has jwt".to_owned()));
        }
    }
    if !written.auth_jwks_file.is_empty() && !written.auth_jwks_url.is_empty() {
        return Err(("auth_jwks_file", "set it or `auth_jwks_url`, not both".to_owned()));
    }
    let url = match written.auth_jwks_url.as_str() {
        "" if written.auth_jwks_file.is_empty() => ("auth_issuer", &written.auth_issuer),
        _ => ("auth_jwks_url", &written.auth_jwks_url),
    };
    if !url.1.is_empty() && !may_be_fetched(url.1) {
        return Err((url.0, "must begin with https://, or with http:// on loopback".to_owned()));
    }
    for algorithm in written.auth_algorithms.split(',').map(str::trim) {
        if !ALGORITHMS.contains(&algorithm) {
            return Err(("auth_algorithms", format!("`{algorithm}` is none of {}", ALGORITHMS.join(", "))));
        }
    }
    for (setting, pointer) in
        [("auth_roles_claim", &written.auth_roles_claim), ("auth_tenants_claim", &written.auth_tenants_claim)]
    {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err((setting, "is a JSON pointer, which begins with /".to_owned()));
        }
    }
    Ok(())
}

/// Whether keys may be read from there: nobody in between may give us others.
#[must_use]
pub fn may_be_fetched(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let loopback = |host: &str| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => loopback(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Flags, load};
    use super::*;

    #[track_caller]
    fn refused(flags: &[(&str, &str)], says: &[&str]) {
        let flags: Flags =
            flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let told = load(None, &flags).unwrap_err().to_string();
        for part in says {
            assert!(told.contains(part), "{told}");
        }
    }

    #[track_caller]
    fn taken(flags: &[(&str, &str)]) -> Auth {
        let flags: Flags =
            flags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        load(None, &flags).unwrap().auth
    }

    #[test]
    fn a_network_is_not_listened_to_unprotected() {
        refused(&[("listen", "0.0.0.0:7360")], &["`auth`", "`listen`"]);
        refused(&[("listen", "[::]:7360"), ("auth", "none")], &["`auth`", "`listen`"]);
        refused(&[("listen", "0.0.0.0:7360"), ("auth", "keys")], &["`listen`", "insecure_listen"]);
        assert!(taken(&[]).is_none());
        assert!(taken(&[("listen", "0.0.0.0:1"), ("auth", "keys"), ("insecure_listen", "true")]).keys);
        assert!(taken(&[("listen", "[::1]:1")]).is_none());
    }

    #[test]
    fn settings_of_access_fit_together() {
        refused(&[("auth", "keys,none")], &["`auth`", "none"]);
        refused(&[("auth", "password")], &["`password`"]);
        refused(&[("tls_certificate_file", "a.pem")], &["`tls_key_file`"]);
        refused(&[("tls_client", "required")], &["`tls_client`", "tls_client_ca_file"]);
        refused(&[("auth", "mtls")], &["`mtls`", "`tls_client`"]);
        refused(&[("auth", "jwt")], &["auth_issuer"]);
        let jwt = [("auth", "jwt"), ("auth_issuer", "https://i"), ("auth_audience", "us")];
        assert!(taken(&jwt).jwt);
        let with = |name, value| [&jwt[..], &[(name, value)]].concat();
        refused(&with("auth_algorithms", "RS256,HS256"), &["`HS256`"]);
        refused(&with("auth_jwks_url", "http://issuer.example/keys"), &["auth_jwks_url", "https"]);
        refused(&with("auth_roles_claim", "roles"), &["auth_roles_claim", "pointer"]);
        assert!(taken(&with("auth_jwks_url", "http://127.0.0.1:9/keys")).jwt);
    }
}
