//! Debian's sqlite3.

use super::{Case, Debian};
use crate::same::Program;

/// The case.
pub(super) static CASE: Case = Case {
    name: "sqlite3",
    about: "a database with a write-ahead log, 10,000 inserts, vacuum, and a journal on disk",
    packages: &[
        "libc6",
        "libreadline8",
        "libsqlite3-0",
        "libtinfo6",
        "sqlite3",
        "zlib1g",
    ],
    check,
};

/// What follows the choice of a journal.
const WORK: &str = "
create table item(id integer primary key, name text unique, n int, part blob);
begin;
with recursive c(x) as (values(1) union all select x + 1 from c where x < 9000)
  insert into item select x, 'name ' || x, x * x % 997, zeroblob(x % 50) from c;
commit;
create index by_n on item(n);
select count(*), sum(n), max(length(part)), total(id) from item;
select n, count(*) from item group by n order by 2 desc, 1 limit 5;
begin; delete from item; select count(*) from item; rollback;
savepoint s; update item set n = -n where id % 3 = 0; release s;
insert into item(id, name) values(1, 'twice');
insert into item(name) values('name 5') on conflict(name) do update set n = 5000000;
select id, n from item where name = 'name 5';
explain query plan select * from item where n between 5 and 7;
delete from item where id > 3000;
pragma page_count;
vacuum;
pragma page_count;
pragma integrity_check;
create virtual table text using fts5(body);
insert into text values('the quick brown fox'), ('lazy dogs sleep'), ('quick dogs');
select rowid, body from text where text match 'quick' order by rank;
select json_extract('{\"a\":[1,2,{\"b\":3}]}', '$.a[2].b'), hex(md), printf('%.3f', 2.0 / 3) from (select x'00ff' md);
select sum(n) over (order by id rows 2 preceding) from item where id < 8;
select date('2024-02-28', '+2 day'), strftime('%j', '2024-12-31');
.schema
.dump item --where 'id<4'
";

fn check(debian: &Debian) {
    let sqlite = Program::of(
        debian,
        "usr/bin/sqlite3",
        &[("work/rows.csv", b"1,one\n2,\"two, too\"\n3,three\n")],
        &[],
    );
    // Each insert a transaction of its own, behind the write-ahead log.
    let inserts: String = (9001..=10_000)
        .map(|n| format!("insert into item values({n}, 'name {n}', {n}, null);\n"))
        .collect();
    for journal in ["wal", "delete", "truncate", "persist", "memory"] {
        let start = format!("pragma journal_mode={journal};\npragma cache_size=50;\n");
        let more = WORK.replace("create index", &format!("{inserts}create index"));
        sqlite.same_reading_for(1, (start + &more).as_bytes(), &["work/db"]);
    }
    sqlite.same_reading(
        b".mode box\n.import --csv work/rows.csv t\nselect * from t;\n.backup work/copy\n.open work/copy\nselect count(*) from t;\n",
        &[],
    );
    sqlite.same_for_all(
        b"",
        &[
            &["work/db", "select nosuch"],
            &["work/nosuch/db", "create table t(x)"],
        ],
    );
}
