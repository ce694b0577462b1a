use super::*;

/// The tree on one line: `{key=text, list=[a, ~]}`.
fn shown(node: &Node) -> String {
    let all = |parts: Vec<String>| parts.join(", ");
    match &node.value {
        Value::Null => "~".to_owned(),
        Value::Text(text) => text.escape_debug().to_string(),
        Value::List(nodes) => format!("[{}]", all(nodes.iter().map(shown).collect())),
        Value::Map(entries) => {
            let entry = |(key, value): &(Node, Node)| format!("{}={}", shown(key), shown(value));
            format!("{{{}}}", all(entries.iter().map(entry).collect()))
        }
    }
}

fn check(text: &str, expected: &str) {
    let tree = File::of("F", text).tree().unwrap();
    let found = tree.as_ref().map(shown).unwrap_or_default();
    assert_eq!(found, expected, "{text}");
}

fn check_error(text: &str, message: &str, place: &str) {
    let error = File::of("F", text).tree().unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
    let snippet = error.snippet_text().unwrap_or_default();
    assert!(
        snippet.contains(&format!("F:{place}\n")),
        "{text}: {snippet}"
    );
}

#[test]
fn what_public_files_are_written_in() {
    check("# nothing but a comment\n", "");
    check("a: b # c\n\nd:\n", "{a=b, d=~}");
    check("a: >\n  one\n  two\n\nb: x", "{a=one two\\n, b=x}");
    check("a: |\n  one\n  two\nb: >-\n  x\n", "{a=one\\ntwo\\n, b=x}");
    check("a: 'it''s'\nb: \"q\\\"\\n\"\n", "{a=it\\'s, b=q\\\"\\n}");
    check("a: {b: c, d: [1, true]}", "{a={b=c, d=[1, true]}}");
    check("a:\n- b\n- c: d\n", "{a=[b, {c=d}]}");
    check("---\na: b\n...\n", "{a=b}");
    check("\u{feff}a: b\r\nc: d\r\n", "{a=b, c=d}");
    check(
        "a: &x\n  b: c\nd: *x\ne:\n  <<: *x\n  f: g\n",
        "{a={b=c}, d={b=c}, e={f=g, b=c}}",
    );
    check("a: !!str 5\nb: '~'\nc: ~\n", "{a=5, b=~, c=~}");
}

#[test]
fn places_are_those_of_the_text() {
    let file = File::of("F", "ä: b\nfiles:\n  /x: 'y'\n");
    let tree = file.tree().unwrap().unwrap();
    let Value::Map(entries) = &tree.value else {
        panic!("{tree:?}");
    };
    let Value::Map(files) = &entries[1].1.value else {
        panic!("{tree:?}");
    };
    let text = |node: &Node| file.text[node.span.clone()].to_owned();
    assert_eq!(text(&entries[0].1), "b");
    assert_eq!(
        (text(&files[0].0), text(&files[0].1)),
        ("/x".to_owned(), "'y'".to_owned())
    );
    assert_eq!(file.line(&files[0].1.span), 3);
}

#[test]
fn what_is_no_yaml_has_its_place() {
    check_error("a: b\n\tc: d\n", "a tab", "2:1");
    check_error("a:\n\tc: d\n", "a tab", "2:1");
    check_error("a: b\nbuild make\n\nc: d\n", "neither `KEY: VALUE`", "2:1");
    check_error("a: >\n/x.so\nc: d\n", "neither `KEY: VALUE`", "2:1");
    check_error("a: 'b\nc: d\n", "no YAML", "1:4");
    for text in [
        "x: y\na:b\nc: d\n",
        "x: y\na:/b\n\n# c\nc: d\n",
        "x: y\na:b\n",
        "x: y\na:b\nc:\n  d: e\n",
    ] {
        check_error(text, "a `:` without the blank", "2:1");
    }
    check_error("a:b\nc: d\n", "a `:` without the blank", "1:1");
    check_error("a:\n  /b:c\n  d: e\n", "a `:` without the blank", "2:3");
    check_error("a: http://b\n c: d\n", "no YAML", "2:3");
    check_error("a: &\n", "put the value in quotes", "1:4");
    check_error("a: {/b: &, c: *}\n", "put the value in quotes", "1:9");
    check_error("  a: b\n c: d\n", "begin in one column", "2:2");
    check_error("a: \"C:\\d\"\n", "take single quotes", "1:4");
    check_error("a: [b\nc: d\n", "no YAML", "2:2");
    check_error("a: b: c\n", "put the value in quotes", "1:5");
    check_error("a: b\n c: d\n", "no YAML", "2:3");
    check_error("a: b\na: c\n", "`a` is given twice", "2:1");
    check_error("a: b\n---\nc: d\n", "second document", "2:1");
    check_error("a: !mine b\n", "tag `!mine`", "1:4");
    check_error("a: *b\n", "no YAML", "1:4");
    check_error("[a]: b\n", "a key is a text, and this is a list", "1:1");
    check_error("a:\n  <<: 5\n", "`<<` takes a map", "2:7");
    check_error("a: &x [*x]\n", "itself a part of", "1:8");
}

#[test]
fn hostile_files_have_an_end() {
    let deep = "[".repeat(100) + &"]".repeat(100);
    check_error(&deep, "deeper than 64 levels", "1:65");
    let deep: String = (0..100).map(|n| " ".repeat(n) + "a:\n").collect();
    check_error(&deep, "deeper than 64 levels", "65:65");
    let laughs: String = (1..20)
        .map(|n| {
            format!(
                "l{n}: &l{n} [{}]\n",
                vec![format!("*l{}", n - 1); 10].join(", ")
            )
        })
        .collect();
    let laughs = format!("l0: &l0 lol\n{laughs}");
    let error = File::of("F", &laughs).tree().unwrap_err().to_string();
    assert!(error.contains("65536 parts"), "{error}");
}
