//! What is deprecated warns its users and nobody else: the expected file compiles with warnings as errors.

use ezrpc::{Context, Result};

mod deprecated {
    #![deny(deprecated)]
    crate::expected!("deprecated");
}

use deprecated::proto::{Thing, thing};

#[tokio::test]
#[expect(deprecated, reason = "users are warned")]
async fn users_are_warned() -> Result<()> {
    use deprecated::proto::{Mixed, MixedClient, Old, OldClient};

    struct Both;

    impl Old for Both {
        async fn get(&self, _ctx: &Context, req: Thing) -> Result<Thing> {
            Ok(req)
        }
    }

    impl Mixed for Both {
        async fn new_(&self, _ctx: &Context, req: Thing) -> Result<Thing> {
            Ok(req)
        }
        async fn former(&self, _ctx: &Context, req: Thing) -> Result<Thing> {
            Ok(req)
        }
    }

    let thing = Thing {
        name: "n".to_owned(),
        title: "t".to_owned(),
        labels: [("k".to_owned(), "v".to_owned())].into(),
        state: 1,
        kind: Some(thing::Kind::Big(true)),
    };
    let ctx = Context::background();
    assert_eq!(
        OldClient::local(Both).get(&ctx, thing.clone()).await?,
        thing
    );
    assert_eq!(
        MixedClient::local(Both).former(&ctx, thing.clone()).await?,
        thing
    );
    let json = r#"{"name":"n","title":"t","labels":{"k":"v"},"big":true,"state":"STATE_OLD"}"#;
    crate::assert_forms(&thing, json);
    Ok(())
}
