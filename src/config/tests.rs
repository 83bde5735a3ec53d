use super::*;

fn with(flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(None, &flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

#[test]
fn the_defaults_are_good_and_print_as_a_file_that_reads_back() {
    let config = with(&[]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config.to_toml()).unwrap();
    assert_eq!(load(Some(file.path()), &Flags::new()).unwrap(), config);
}

#[test]
fn flags_win_over_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "max_batch = 7\npage_size = 9\n").unwrap();
    let flags = Flags::from([("max_batch".to_owned(), "8".to_owned())]);
    let config = load(Some(file.path()), &flags).unwrap();
    assert_eq!((config.written.max_batch, config.written.page_size), (8, 9));
}

#[test]
fn an_error_names_the_setting_and_its_origin() {
    let message = |flags: &[(&str, &str)]| with(flags).unwrap_err().to_string();
    let unknown = message(&[("max_batches", "1")]);
    assert_eq!(unknown, "unknown setting `max_batches` in the flags; did you mean `max_batch`?");
    let outside = message(&[("max_batch", "0")]);
    assert_eq!(outside, "setting `max_batch` from the flags: 0 is not between 1 and 100000");
    let address = message(&[("listen", "here")]);
    assert!(address.contains("`listen` from the flags") && address.contains("no address"), "{address}");
    let kind = message(&[("max_batch", "many")]);
    assert!(kind.contains("`max_batch` from the flags"), "{kind}");
    for url in [
        "postgres:me:hush@db/x",
        "postgres:/me:hush@db/x",
        "postgres://db/x?sslpassword=hush",
        "postgres://db/x?PASSWORD=hush",
        "postgres://db/x?pass%77ord=hush",
        "postgres://db/x?hush",
    ] {
        let refused = message(&[("database_url", url)]);
        assert!(refused.contains("`database_url`") && !refused.contains("hush"), "{refused}");
    }
    for url in ["postgres://me:p?w@db/x", "postgres://db/x?sslmode=require&password=hush", "postgresql:///x"]
    {
        assert_eq!(with(&[("database_url", url)]).unwrap().database, Database::Postgres, "{url}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "max_batch = 7\ndatabase_url = \"postgres://me:hush@db/x\n").unwrap();
    let broken = load(Some(file.path()), &Flags::new()).unwrap_err().to_string();
    assert!(broken.contains("line 2") && !broken.contains("hush"), "{broken}");
    let scheme = message(&[("database_url", "mysql://me:hush@db/x")]);
    assert!(scheme.contains("sqlite:") && !scheme.contains("hush"), "{scheme}");

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "lisen = \"127.0.0.1:1\"").unwrap();
    let in_file = load(Some(file.path()), &Flags::new()).unwrap_err().to_string();
    assert!(in_file.contains("`lisen` in the file") && in_file.contains("`listen`"), "{in_file}");
}

#[test]
fn passwords_are_hidden() {
    let check = |url: &str, shown: &str| assert_eq!(hide_password(url), shown);
    check("sqlite:customer360.db", "sqlite:customer360.db");
    check("postgres://db/x", "postgres://db/x");
    check("postgres://me@db/x", "postgres://me@db/x");
    check("postgres://me:hush@db:5432/x", "postgres://me:***@db:5432/x");
    check("postgres://me:hu@sh@db/x", "postgres://me:***@db/x");
    check("postgres://me:hu/sh@db/x", "postgres://me:***@db/x");
    check("postgres://db/x?user=me&password=hush&a=b", "postgres://db/x?user=me&password=***&a=b");
}
