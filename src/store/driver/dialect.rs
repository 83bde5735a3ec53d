//! The texts and arguments of statements, for each of the two databases.

use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

use crate::store::driver::{Column, Scalar};

/// The values of the rows are anonymous parameters and come first; the scalars are renumbered to
/// come after them. SQLite looks a named parameter up by walking a list of all names, once for
/// each parameter: thousands of names would cost more than the rows.
pub(in crate::store) fn sqlite_text(sql: &str, scalars: usize, columns: usize, rows: usize) -> String {
    // Each scalar's number is one digit: no statement has ten.
    debug_assert!(scalars < 10);
    let mut text = String::with_capacity(sql.len() + rows * (columns * 2 + 3));
    let sql = sql.replace("{tenant}", "$1");
    for (i, part) in sql.split('$').enumerate() {
        match part.chars().next().and_then(|digit| digit.to_digit(10)).filter(|_| i > 0) {
            Some(scalar) => {
                text.push('$');
                text.push_str(&(rows * columns + scalar as usize).to_string());
                text.push_str(&part[1..]);
            }
            None => text.push_str(part),
        }
    }
    let row = format!("({})", vec!["?"; columns].join(","));
    text.replace("{rows}", &format!("VALUES {}", vec![row; rows].join(",")))
}

pub(in crate::store) fn postgres_text(sql: &str, scalars: usize, columns: &[Column<'_>]) -> String {
    let array = |(i, column): (usize, &Column<'_>)| format!("${}::{}[]", scalars + i + 1, column.sql_type());
    let arrays: Vec<String> = columns.iter().enumerate().map(array).collect();
    let arrays = arrays.join(", ");
    match scalars {
        // A statement that asks for no tenant.
        0 => sql.replace("{rows}", &format!("SELECT * FROM UNNEST({arrays})")),
        _ => postgres_rows(sql, &format!("SELECT $1::bigint, * FROM UNNEST({arrays})")),
    }
}

/// The statement over those rows, each with the tenant. Were the tenant a condition by itself, the
/// planner could take all rows of a tenant that it knows little of for few, and look through them
/// for each row: a tenant that is new, or was when the plan was made, would slow down with the
/// square of its size. Joined with rows that the planner cannot see into, a table can only be
/// entered by its whole key.
fn postgres_rows(sql: &str, rows: &str) -> String {
    let text =
        sql.replacen("WITH v(", "WITH v(tenant, ", 1).replacen("AS ({rows})", "AS MATERIALIZED ({rows})", 1);
    text.replace("tenant = $1", "tenant = v.tenant").replace("{tenant}", "v.tenant").replace("{rows}", rows)
}

/// A statement without rows: the tenant of each table that is joined with another one's becomes an
/// expression, which the planner does not take for known beforehand, for the same reason.
pub(in crate::store) fn postgres_joins(sql: &str) -> String {
    const JOIN: &str = ".tenant = ";
    let mut parts = sql.split(JOIN);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(JOIN);
        match part.split_once(".tenant") {
            Some((table, rest)) if table.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                text.extend([table, ".tenant + 0", rest]);
            }
            _ => text.push_str(part),
        }
    }
    text
}

/// The statement with each `{numbers:X}` written out.
pub(in crate::store) fn with_numbers(sql: &str, numbers: impl Fn(&str) -> String) -> String {
    let mut parts = sql.split("{numbers:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (list, rest) = part.split_once('}').unwrap_or((part, ""));
        text.push_str(&numbers(list));
        text.push_str(rest);
    }
    text
}

pub(in crate::store) fn sqlite_arguments(scalars: &[Scalar<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    scalars.iter().try_for_each(|&scalar| add_to_sqlite(&mut arguments, scalar))?;
    Ok(arguments)
}

pub(in crate::store) fn sqlite_bulk_arguments(
    scalars: &[Scalar<'_>],
    columns: &[Column<'_>],
    rows: std::ops::Range<usize>,
) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(columns.len() * rows.len() + scalars.len(), 0);
    for row in rows {
        columns.iter().try_for_each(|column| add_to_sqlite(&mut arguments, column.cell(row)))?;
    }
    scalars.iter().try_for_each(|&scalar| add_to_sqlite(&mut arguments, scalar))?;
    Ok(arguments)
}

fn add_to_sqlite(arguments: &mut SqliteArguments, scalar: Scalar<'_>) -> Result<(), sqlx::Error> {
    match scalar {
        Scalar::Int(value) => arguments.add(value),
        Scalar::IntOrNull(value) => arguments.add(value),
        Scalar::Text(value) => arguments.add(value),
        Scalar::TextOrNull(value) => arguments.add(value),
        Scalar::Bytes(value) => arguments.add(value),
    }
    .map_err(sqlx::Error::Encode)
}

pub(in crate::store) fn postgres_bulk_arguments(
    scalars: &[Scalar<'_>],
    columns: &[Column<'_>],
) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = postgres_arguments(scalars)?;
    for column in columns {
        match column {
            Column::Int(values) => arguments.add(values),
            Column::IntOrNull(values) => arguments.add(values),
            Column::Text(values) => arguments.add(values),
            Column::Bytes(values) => arguments.add(values),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

pub(in crate::store) fn postgres_arguments(scalars: &[Scalar<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for scalar in scalars {
        match *scalar {
            Scalar::Int(value) => arguments.add(value),
            Scalar::IntOrNull(value) => arguments.add(value),
            Scalar::Text(value) => arguments.add(value),
            Scalar::TextOrNull(value) => arguments.add(value),
            Scalar::Bytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_postgresql_rows_bring_the_tenant_and_joins_hide_it() {
        let sql = "WITH v(a) AS ({rows}) SELECT x.b FROM v CROSS JOIN x WHERE x.tenant = $1 AND x.a = v.a";
        let rows = "WITH v(tenant, a) AS MATERIALIZED (SELECT $1::bigint, * FROM UNNEST($2::bigint[])) \
                    SELECT x.b FROM v CROSS JOIN x WHERE x.tenant = v.tenant AND x.a = v.a";
        assert_eq!(postgres_text(sql, 1, &[Column::Int(vec![1, 2])]), rows);
        let bare = "WITH v(tenant, a) AS (SELECT * FROM UNNEST($1::bigint[], $2::text[])) SELECT v.a FROM v";
        let columns = [Column::Int(vec![1]), Column::Text(vec!["one"])];
        let sql = "WITH v(tenant, a) AS ({rows}) SELECT v.a FROM v";
        assert_eq!(postgres_text(sql, 0, &columns), bare, "one that asks for no tenant is left as it is");

        let sql =
            "SELECT 1 FROM x JOIN y ON y.tenant = x.tenant AND y.a = x.a WHERE x.tenant = $1 AND x.b = $2";
        let joined = "SELECT 1 FROM x JOIN y ON y.tenant = x.tenant + 0 AND y.a = x.a WHERE x.tenant = $1 AND x.b = $2";
        assert_eq!(postgres_joins(sql), joined);
    }

    #[test]
    fn on_sqlite_rows_come_first_and_scalars_after_them() {
        let sql = "WITH v(a, b) AS ({rows}) DELETE FROM x WHERE (tenant, a) IN (SELECT {tenant}, v.a FROM v) AND c > $2";
        let text = "WITH v(a, b) AS (VALUES (?,?),(?,?)) \
                    DELETE FROM x WHERE (tenant, a) IN (SELECT $5, v.a FROM v) AND c > $6";
        assert_eq!(sqlite_text(sql, 2, 2, 2), text);
    }
}
