//! Fields set one by one, from texts, JSON values and files.

use bytes::Bytes;

use super::{Legacy, Node, Order};
use crate::codec::json::bind::{self, Binder, File, Set, Value};
use crate::codec::json::{Message, Options, Reader, to_string};
use crate::google::api::HttpBody;

/// Sets fields of an empty message; what they are printed as, or the first error.
fn set<M: Message + Default>(pairs: &[(&str, &str)]) -> std::result::Result<String, String> {
    let (mut message, mut binder) = (M::default(), Binder::default());
    for (path, text) in pairs {
        let options = Options::new();
        let set = binder
            .set(&mut message, path, Value::Text(text), &options)
            .map_err(|error| error.to_string())?;
        if set != Set::Done {
            return Ok(format!("{set:?}"));
        }
    }
    Ok(to_string(&message).unwrap())
}

fn order(pairs: &[(&str, &str)]) -> std::result::Result<String, String> {
    set::<Order>(pairs)
}

#[test]
fn h21_takes_every_type_from_text() {
    let rows = [
        ("done", "true", r#"{"done":true}"#),
        ("done", "1", r#"{"done":true}"#),
        ("done", "false", "{}"),
        ("done", "0", "{}"),
        ("count", "-7", r#"{"count":-7}"#),
        ("count", "1e3", r#"{"count":1000}"#),
        ("count", "1.0", r#"{"count":1}"#),
        ("count", "-2147483648", r#"{"count":-2147483648}"#),
        (
            "wide",
            "18446744073709551615",
            r#"{"wide":"18446744073709551615"}"#,
        ),
        ("ratio", "1.5", r#"{"ratio":1.5}"#),
        ("ratio", "-2e-3", r#"{"ratio":-0.002}"#),
        ("ratio", "NaN", r#"{"ratio":"NaN"}"#),
        ("ratio", "-Infinity", r#"{"ratio":"-Infinity"}"#),
        ("info.price", "Infinity", r#"{"info":{"price":"Infinity"}}"#),
        ("color", "BLUE", r#"{"color":"BLUE"}"#),
        ("color", "LIME", r#"{"color":"GREEN"}"#),
        ("color", "1", r#"{"color":"GREEN"}"#),
        ("color", "77", r#"{"color":77}"#),
        ("card", "a \"b\" ü", r#"{"card":"a \"b\" ü"}"#),
        ("card", "", r#"{"card":""}"#),
        ("data", "-_8=", r#"{"data":"+/8="}"#),
        ("data", "+/8", r#"{"data":"+/8="}"#),
        (
            "info.updatedAt",
            "2006-01-02T15:04:05.5+01:00",
            r#"{"info":{"updatedAt":"2006-01-02T14:04:05.500Z"}}"#,
        ),
        (
            "info.updated_at",
            "2006-01-02T15:04:05Z",
            r#"{"info":{"updatedAt":"2006-01-02T15:04:05Z"}}"#,
        ),
        (
            "fields",
            r#" {"a": [1, null]} "#,
            r#"{"fields":{"a":[1,null]}}"#,
        ),
        ("value", "null", r#"{"value":null}"#),
        ("value", "\"x\"", r#"{"value":"x"}"#),
        ("nothing", "null", r#"{"nothing":null}"#),
        ("infos", "x", "Unknown"),
        ("nobody", "x", "Unknown"),
        ("info.nobody", "x", "Unknown"),
        ("info.", "x", "Unknown"),
        (".info", "x", "Unknown"),
        ("", "x", "Unknown"),
    ];
    for (path, text, expected) in rows {
        let got = order(&[(path, text)]).unwrap_or_else(|error| error);
        assert_eq!(got, expected, "{path}={text}");
    }
}

#[test]
fn h21_refuses_what_is_no_such_value() {
    let rows = [
        ("done", ""),
        ("done", "yes"),
        ("done", "TRUE"),
        ("done", " true"),
        ("done", "\"true\""),
        ("count", ""),
        ("count", " 1"),
        ("count", "1 "),
        ("count", "0x1"),
        ("count", "+1"),
        ("count", "01"),
        ("count", "1.5"),
        ("count", "2147483648"),
        ("count", "\"1\""),
        ("count", "null"),
        ("count", "1e536870000"),
        ("wide", "-1"),
        ("wide", "18446744073709551616"),
        ("wide", "true"),
        ("ratio", ""),
        ("ratio", "3.5e38"),
        ("ratio", "inf"),
        ("ratio", "nan"),
        ("ratio", "1."),
        ("ratio", " 1"),
        ("color", ""),
        ("color", "blue"),
        ("color", "PINK"),
        ("color", "2147483648"),
        ("color", "\"BLUE\""),
        ("data", "*"),
        ("data", "a b="),
        ("data", "\"AQ==\""),
        ("info.updatedAt", "null"),
        ("info.updatedAt", ""),
        ("info.updatedAt", "0000-01-01T00:00:00Z"),
        ("info.updatedAt", "2006-01-02"),
        ("info.updatedAt", "2006-01-02t15:04:05Z"),
        ("fields", ""),
        ("fields", "{"),
        ("fields", "[]"),
        ("value", "abc"),
        ("value", "1 2"),
        ("nothing", "0x"),
        ("empty", "x"),
        ("any", "x"),
        ("info", "x"),
        ("info", "{}"),
        ("infos.name", "x"),
        ("count.a", "1"),
        ("count[]", "1"),
        ("infos[0].name", "x"),
        ("colors[0]", "1"),
        ("flags", "RED"),
        ("flags[yes]", "RED"),
        ("flags[true].x", "RED"),
        ("info.updatedAt.seconds", "1"),
    ];
    for (path, text) in rows {
        let got = order(&[(path, text)]);
        let error = got.expect_err(path);
        assert!(error.starts_with(path), "{path}={text}: {error}");
        assert!(
            !error.contains("serde") && !error.contains("prost"),
            "{error}"
        );
    }
}

#[test]
fn errors_name_field_type_and_text() {
    let error = |path, text| order(&[(path, text)]).unwrap_err();
    assert_eq!(error("count", "abc"), r#"count: "abc" is not int32"#);
    assert_eq!(error("info.id", "abc"), r#"info.id: "abc" is not int64"#);
    assert_eq!(
        error("color", "x"),
        r#"color: "x" is not one of RED, GREEN, LIME, BLUE"#
    );
    assert_eq!(
        error("info.updated_at", "13h"),
        r#"info.updated_at: "13h" is not a timestamp like 2006-01-02T15:04:05Z"#
    );
    let long = "x".repeat(1000);
    assert_eq!(
        error("wide", &long),
        format!(r#"wide: "{}".. is not uint64"#, "x".repeat(64))
    );
}

#[test]
fn h25_lists_grow_and_maps_take_entries() {
    let pairs = [
        ("colors", "RED"),
        ("colors[]", "GREEN"),
        ("info.tags", "a,b"),
        ("info.tags[]", "c"),
        ("flags[true]", "BLUE"),
        ("flags[0]", "1"),
        ("info.attrs[a.b[c]", "x"),
        ("info.attrs[]", "y"),
    ];
    assert_eq!(
        order(&pairs).unwrap(),
        r#"{"info":{"tags":["a,b","c"],"attrs":{"":"y","a.b[c":"x"}},"colors":["RED","GREEN"],"flags":{"false":"GREEN","true":"BLUE"}}"#
    );
    assert_eq!(order(&[("byId[1]", "x")]).unwrap(), "Unknown");
}

#[test]
fn h26_h27_twice_is_an_error() {
    assert_eq!(
        order(&[("count", "1"), ("count", "1")]).unwrap_err(),
        "count: is given twice, and is no list"
    );
    assert_eq!(
        order(&[
            ("info.updated_at", "2006-01-02T15:04:05Z"),
            ("info.updatedAt", "2006-01-02T15:04:05Z")
        ])
        .unwrap_err(),
        "info.updatedAt: is given twice, and is no list"
    );
    assert_eq!(
        order(&[("card", "x"), ("cash", "1")]).unwrap_err(),
        "cash: another member of this oneof is set already"
    );
    // A message in a oneof is built from several values.
    let pairs = [
        ("node.depth", "1"),
        ("node.next.depth", "2"),
        ("node.next.next.depth", "3"),
    ];
    assert_eq!(
        order(&pairs).unwrap(),
        r#"{"node":{"next":{"next":{"depth":3},"depth":2},"depth":1}}"#
    );
}

#[test]
fn an_unknown_field_leaves_nothing_behind() {
    let (mut message, mut binder, options) = (Order::default(), Binder::default(), Options::new());
    for path in ["info.x", "node.next.x", "card.x.y", "infos[]", "nobody"] {
        let _ = binder.set(&mut message, path, Value::Text("1"), &options);
    }
    assert_eq!(message, Order::default());
}

#[test]
fn h37_paths_have_a_depth_limit() {
    let path = |depth: usize| format!("{}depth", "next.".repeat(depth));
    assert!(
        set::<Node>(&[(&path(99), "1")])
            .unwrap()
            .contains(r#""depth":1"#)
    );
    let error = set::<Node>(&[(&path(100), "1")]).unwrap_err();
    assert!(
        error.ends_with("the path is more than 100 fields deep"),
        "{error}"
    );
    assert!(set::<Node>(&[(&path(100_000), "1")]).is_err());
}

#[test]
fn h22_what_is_fixed_stays() {
    let (mut message, mut binder, options) = (Order::default(), Binder::default(), Options::new());
    assert_eq!(
        binder.fix(&mut message, "info.id", Value::Text("7"), &options),
        Ok(Set::Done)
    );
    assert_eq!(
        binder.fix(&mut message, "info.id", Value::Text("8"), &options),
        Ok(Set::Done)
    );
    binder.fix_field(&message, "count");
    let mut set = |path| binder.set(&mut message, path, Value::Text("1"), &options);
    assert_eq!(set("info.id"), Ok(Set::Fixed));
    assert_eq!(set("count"), Ok(Set::Fixed));
    assert_eq!(set("info.name"), Ok(Set::Done));
    assert_eq!(
        to_string(&message).unwrap(),
        r#"{"info":{"id":"8","name":"1"}}"#
    );
}

#[test]
fn u1_u3_files_fill_bytes_and_messages_of_their_shape() {
    let file = |data: &'static [u8]| {
        Value::File(File {
            filename: "a.txt",
            content_type: "text/x",
            data: Bytes::from_static(data),
        })
    };
    let options = Options::new();
    let (mut body, mut binder) = (HttpBody::default(), Binder::default());
    assert_eq!(
        binder.fix(&mut body, "", file(b"\xff\0"), &options),
        Ok(Set::Done)
    );
    assert_eq!(
        (&*body.content_type, &*body.data),
        ("text/x", &b"\xff\0"[..])
    );
    let mut whole = crate::ezbuy::File::default();
    assert_eq!(
        binder.fix(&mut whole, "", file(b"abc"), &options),
        Ok(Set::Done)
    );
    assert_eq!(
        to_string(&whole).unwrap(),
        r#"{"filename":"a.txt","contentType":"text/x","data":"YWJj","size":"3"}"#
    );
    let mut order = Order::default();
    for (path, data) in [
        ("data", &b"\xff"[..]),
        ("blob", b"x"),
        ("count", b"5"),
        ("card", b"c"),
        ("info.tags", b"t"),
        ("info.tags[]", b"u"),
        ("fields", b"{}"),
    ] {
        assert_eq!(
            Binder::default().set(&mut order, path, file(data), &options),
            Ok(Set::Done),
            "{path}"
        );
    }
    assert_eq!(
        to_string(&order).unwrap(),
        r#"{"info":{"tags":["t","u"]},"data":"/w==","count":5,"fields":{},"aNameThatIsTooLongForThePreparedKey":"eA==","card":"c"}"#
    );
    let error = |path, data| {
        Binder::default()
            .set(&mut Order::default(), path, file(data), &options)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error("card", b"\xff"), "card: the text is not UTF-8");
    assert_eq!(error("count", b"x"), r#"count: "x" is not int32"#);
    assert!(error("info", b"x").starts_with("info: is a message without a text form"));
}

#[test]
fn u4_json_sets_whole_fields() {
    let (mut order, options) = (Order::default(), Options::new());
    let mut set = |path, json: &'static str| {
        Binder::default()
            .set(&mut order, path, Value::Json(json.as_bytes()), &options)
            .map_err(|error| error.to_string())
    };
    assert_eq!(set("info", r#"{"name":"a","tags":["x"]}"#), Ok(Set::Done));
    assert_eq!(set("info", r#"{"name":"b"}"#), Ok(Set::Done));
    assert_eq!(set("infos", r#"[{"id":1}]"#), Ok(Set::Done));
    assert_eq!(set("infos[]", r#"{"id":"2"}"#), Ok(Set::Done));
    assert_eq!(set("info.tags", r#"["y","z"]"#), Ok(Set::Done));
    assert_eq!(set("flags", r#"{"true":"RED"}"#), Ok(Set::Done));
    assert_eq!(set("byId[3]", r#"{"id":3}"#), Ok(Set::Done));
    assert_eq!(set("count", " 5 "), Ok(Set::Done));
    assert_eq!(
        set("count", "5 5").unwrap_err(),
        "count: expected the end of the text, found 5 at line 1 column 3"
    );
    assert_eq!(
        to_string(&order).unwrap(),
        r#"{"info":{"name":"b","tags":["y","z"]},"infos":[{"id":"1"},{"id":"2"}],"byId":{"3":{"id":"3"}},"flags":{"true":"RED"},"count":5}"#
    );
    assert_eq!(
        Binder::default()
            .set(&mut order, "info", Value::Json(br#"{"id":"x"}"#), &options)
            .unwrap_err()
            .to_string(),
        r#"info.id: expected a number, found "x" at line 1 column 7"#
    );
}

#[test]
fn h38_a_field_that_is_not_set_has_a_zero() {
    let zero =
        |name| String::from_utf8(bind::zero(&mut Order::default(), name, &Options::new())).unwrap();
    let rows = [
        ("info", "{}"),
        ("infos", "[]"),
        ("by_id", "{}"),
        ("color", "\"RED\""),
        ("data", "\"\""),
        ("count", "0"),
        ("wide", "\"0\""),
        ("done", "false"),
        ("value", "{}"),
        ("fields", "{}"),
        ("empty", "{}"),
        ("card", "\"\""),
        ("node", "{}"),
    ];
    for (name, expected) in rows {
        assert_eq!(zero(name), expected, "{name}");
    }
    let mut legacy = Legacy::default();
    assert_eq!(bind::zero(&mut legacy, "note", &Options::new()), b"\"\"");
}

#[test]
fn h50_a_document_names_its_fields() {
    let rows = [
        ("{}", ""),
        (r#"{"card":null}"#, "card"),
        (r#"{"empty":{}}"#, "empty"),
        (r#"{"info":{}}"#, "info"),
        (r#"{"info":null}"#, "info"),
        (r#"{"nobody":{"id":1}}"#, ""),
        (
            r#"{"info":{"updatedAt":null,"name":"b","id":2}}"#,
            "info.id,info.name,info.updated_at",
        ),
        (
            r#"{"info":{"attrs":{"a":"x"},"tags":["y"]},"count":1}"#,
            "count,info.attrs,info.tags",
        ),
        (
            r#"{"infos":[{"id":1},{"name":"x"}],"by_id":{"1":{"id":1}},"done":true}"#,
            "by_id,done,infos",
        ),
        (
            r#"{"any":{"@type":"t/google.protobuf.Struct","value":{"a":1}},"byId":{}}"#,
            "any,by_id",
        ),
        (
            r#"{"fields":{"name":{"first":"b"},"amount":2,"list":[{"x":1}]}}"#,
            "fields.amount,fields.list,fields.name.first",
        ),
        (r#"{"value":{"a":{"b":[1]}},"ratio":1}"#, "ratio,value.a.b"),
        (
            r#"{"node":{"next":{"next":{"depth":1}},"depth":2}}"#,
            "node.depth,node.next.next.depth",
        ),
        (
            r#"{"info":{"id":1},"count":1,"info":{"id":2}}"#,
            "count,info.id",
        ),
    ];
    for (json, expected) in rows {
        let options = Options::new();
        let mut reader = Reader::new(&options, json.as_bytes()).unwrap();
        reader.record();
        Order::default().read(&mut reader).unwrap();
        assert_eq!(
            reader.recorded().expect("few").join(","),
            expected,
            "{json}"
        );
    }
}

#[test]
fn a_long_name_around_many_is_not_kept_for_each_of_them() {
    let inner = r#""a":1,"#.repeat(1000);
    let name = "n".repeat(4096);
    let json = format!(r#"{{"fields":{{"{name}":{{{inner}"b":1}}}}}}"#);
    let options = Options::new();
    let mut reader = Reader::new(&options, json.as_bytes()).unwrap();
    reader.record();
    Order::default().read(&mut reader).unwrap();
    let error = reader.recorded().unwrap_err().to_string();
    assert!(error.contains("too many fields"), "{error}");
}

#[test]
fn field_masks_are_read_in_both_cases() {
    use crate::wkt::FieldMask;
    let mask = |text| {
        let mut mask = FieldMask::default();
        let options = Options::new();
        let set = Binder::default().fix(&mut mask, "", Value::Text(text), &options);
        set.map(|_| mask.paths.join("|"))
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        mask("fooBar,foo_bar.bazQux,x1"),
        Ok("foo_bar|foo_bar.baz_qux|x1".into())
    );
    assert_eq!(mask(""), Ok("".into()));
    assert!(mask("a,,b").is_err() && mask("a b").is_err());
    let mut given = FieldMask {
        paths: vec!["a".into()],
    };
    let paths = ["b".to_owned()];
    let options = Options::new();
    assert_eq!(
        Binder::default().fix(&mut given, "", Value::Paths(&paths), &options),
        Ok(Set::Done)
    );
    assert_eq!(given.paths, ["a"]);
}

#[test]
fn wrappers_are_set_with_and_without_their_field() {
    let mut text = String::new();
    let options = Options::new();
    assert_eq!(
        Binder::default().fix(&mut text, "value", Value::Text("x"), &options),
        Ok(Set::Done)
    );
    assert_eq!(text, "x");
    let mut number = 0i64;
    assert_eq!(
        Binder::default().fix(&mut number, "", Value::Text("-5"), &options),
        Ok(Set::Done)
    );
    assert_eq!(number, -5);
    let error = Binder::default().fix(&mut number, "values", Value::Text("-5"), &options);
    assert!(error.is_err(), "{error:?}");
}
