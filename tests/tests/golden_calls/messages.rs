//! Messages of every make: what they look like in Rust, in JSON and on the wire.

use std::collections::BTreeMap;

use ezrpc::{Context, Result, Streaming, wkt as known};

mod nested_types {
    crate::expected!("nested_types");
}
mod proto2 {
    crate::expected!("proto2");
}
mod oneof_maps {
    crate::expected!("oneof_maps");
}
mod wkt {
    crate::expected!("wkt");
}

#[tokio::test]
async fn types_nest_and_recurse() -> Result<()> {
    use nested_types::proto::tree::branch::{Kind, Leaf};
    use nested_types::proto::tree::{Branch, Crown, Empty};
    use nested_types::proto::{Forest, ForestClient, Tree};

    struct Gardener;

    impl Forest for Gardener {
        async fn prune(&self, _ctx: &Context, mut req: Tree) -> Result<Branch> {
            Ok(req.branches.remove(0))
        }
    }

    let oak = Branch {
        kind: Kind::Oak.into(),
        leaf: Some(Box::new(Leaf {
            branch: Some(Box::default()),
            empty: Some(Empty {}),
        })),
        kinds: vec![Kind::Oak.into(), 9],
        kinds_by_year: BTreeMap::from([(-1, Kind::Unspecified.into())]),
    };
    let tree = Tree {
        parent: Some(Box::default()),
        branches: vec![oak.clone()],
        named: BTreeMap::from([("top".to_owned(), Branch::default())]),
        kind: Kind::Oak.into(),
        crown: Some(Crown::Other(Box::default())),
    };
    let pruned = ForestClient::local(Gardener)
        .prune(&Context::background(), tree.clone())
        .await?;
    assert_eq!(pruned, oak);
    let json = concat!(
        r#"{"parent":{},"branches":[{"kind":"KIND_OAK","leaf":{"branch":{},"empty":{}},"#,
        r#""kinds":["KIND_OAK",9],"kindsByYear":{"-1":"KIND_UNSPECIFIED"}}],"#,
        r#""named":{"top":{}},"kind":"KIND_OAK","other":{}}"#,
    );
    crate::assert_forms(&tree, json);
    let shown = concat!(
        "Branch { kind: Oak, leaf: Some(Leaf { branch: Some(Branch { kind: Unspecified, leaf: None, kinds: [], ",
        "kinds_by_year: {} }), empty: Some(Empty) }), kinds: [Oak, 9], kinds_by_year: {-1: Unspecified} }",
    );
    assert_eq!(format!("{oak:?}"), shown);
    Ok(())
}

#[tokio::test]
async fn proto2_has_groups_defaults_and_required_fields() -> Result<()> {
    use proto2::proto::{Color, Legacy, LegacyClient, Record, record};

    struct Archive;

    impl Legacy for Archive {
        async fn convert(&self, _ctx: &Context, req: Record) -> Result<Record> {
            Ok(req)
        }
    }

    let record = Record {
        id: "r".to_owned(),
        color: Some(Color::Red.into()),
        shade: Color::Blue.into(),
        numbers: vec![1, -1],
        part: Some(record::Part {
            name: Some("p".to_owned()),
        }),
        row: vec![record::Row { set: true }],
        ..Record::default()
    };
    assert_eq!((record.count(), record.raw()), (7, &b"a\x01"[..]));
    let answer = LegacyClient::local(Archive)
        .convert(&Context::background(), record.clone())
        .await?;
    assert_eq!(answer, record);
    let json = concat!(
        r#"{"id":"r","color":"RED","shade":"BLUE","numbers":["1","-1"],"#,
        r#""part":{"name":"p"},"row":[{"set":true}]}"#,
    );
    crate::assert_forms(&record, json);
    let missing = ezrpc::json::from_slice::<Record>(br#"{"id":"r"}"#);
    assert!(missing.is_err_and(|error| error.to_string().contains("shade")));
    Ok(())
}

#[tokio::test]
async fn oneofs_and_maps_hold_anything() -> Result<()> {
    use oneof_maps::proto::r#box::{Content, Lid};
    use oneof_maps::proto::{Box as Carton, Boxes, BoxesClient, Color};

    struct Opener;

    impl Boxes for Opener {
        async fn open(&self, _ctx: &Context, req: Carton) -> Result<Carton> {
            Ok(req)
        }
    }

    let contents = [
        (Content::Text("t".to_owned()), r#""text":"t""#),
        (Content::Raw(vec![0, 255].into()), r#""raw":"AP8=""#),
        (Content::Box(Box::default()), r#""box":{}"#),
        (
            Content::Color(Color::Gray.into()),
            r#""color":"COLOR_GRAY""#,
        ),
        (Content::Weight(1.5), r#""weight":1.5"#),
    ];
    for (content, json) in contents {
        let carton = Carton {
            content: Some(content),
            ..Carton::default()
        };
        crate::assert_forms(&carton, &format!("{{{json}}}"));
    }
    let carton = Carton {
        between: 6,
        lid: Some(Lid::Open(false)),
        boxes: BTreeMap::from([("b".to_owned(), Carton::default())]),
        blobs: BTreeMap::from([(-5, vec![1].into())]),
        colors: BTreeMap::from([(true, Color::Gray.into())]),
        weights: BTreeMap::from([(7, 0.5)]),
        content: None,
    };
    let answer = BoxesClient::local(Opener)
        .open(&Context::background(), carton.clone())
        .await?;
    assert_eq!(answer, carton);
    let json = concat!(
        r#"{"between":6,"open":false,"boxes":{"b":{}},"blobs":{"-5":"AQ=="},"#,
        r#""colors":{"true":"COLOR_GRAY"},"weights":{"7":0.5}}"#,
    );
    crate::assert_forms(&carton, json);
    let alias = ezrpc::json::from_slice::<Carton>(br#"{"color":"COLOR_GREY"}"#);
    assert_eq!(
        alias.map(|carton| carton.content),
        Ok(Some(Content::Color(1)))
    );
    Ok(())
}

#[tokio::test]
async fn well_known_types_are_the_runtimes() -> Result<()> {
    use wkt::proto::{Clock, ClockClient, Everything};

    struct Tower;

    impl Clock for Tower {
        async fn now(&self, _ctx: &Context, _req: ()) -> Result<known::Timestamp> {
            Ok(known::Timestamp {
                seconds: 1,
                nanos: 0,
            })
        }
        async fn length(&self, _ctx: &Context, req: String) -> Result<i32> {
            Ok(req.len() as i32)
        }
        async fn all(&self, _ctx: &Context, req: Everything) -> Result<Streaming<Everything>> {
            Ok(Streaming::from_iter([req.clone(), req]))
        }
    }

    let (client, ctx) = (ClockClient::local(Tower), Context::background());
    let time = client.now(&ctx, ()).await?;
    assert_eq!(client.length(&ctx, "four".to_owned()).await?, 4);
    let everything = Everything {
        duration: Some(known::Duration {
            seconds: 1,
            nanos: 500_000_000,
        }),
        empty: Some(()),
        mask: Some(known::FieldMask {
            paths: vec!["a_b.c".to_owned()],
        }),
        value: Some(known::Value {
            kind: Some(known::value::Kind::NullValue(0)),
        }),
        list: Some(known::ListValue::default()),
        timestamp: Some(time),
        string: Some(String::new()),
        bytes: Some(vec![0]),
        int64: Some(0),
        bool: Some(false),
        times: vec![time],
        ..Everything::default()
    };
    assert_eq!(
        client
            .all(&ctx, everything.clone())
            .await?
            .collect()
            .await?
            .len(),
        2
    );
    let json = concat!(
        r#"{"duration":"1.500s","empty":{},"mask":"aB.c","value":null,"list":[],"#,
        r#""timestamp":"1970-01-01T00:00:01Z","string":"","bytes":"AA==","int64":"0","bool":false,"#,
        r#""times":["1970-01-01T00:00:01Z"]}"#,
    );
    crate::assert_forms(&everything, json);
    Ok(())
}
