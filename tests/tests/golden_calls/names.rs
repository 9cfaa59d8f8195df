//! Names that are Rust's or our own.

use ezrpc::{Context, Result, Streaming};

mod keyword_names {
    crate::expected!("keyword_names");
}
mod prelude_names {
    crate::expected!("prelude_names");
}
mod comments {
    crate::expected!("comments");
}

#[tokio::test]
async fn keywords_are_raw_and_our_own_names_are_left_alone() -> Result<()> {
    use keyword_names::proto::{Fn, Match, MatchClient, Type, r#type};

    struct Echo;

    impl Match for Echo {
        async fn r#move(&self, _ctx: &Context, req: Type) -> Result<Type> {
            Ok(req)
        }
        async fn self_(&self, _ctx: &Context, req: Type) -> Result<Type> {
            Ok(req)
        }
        async fn new_(&self, _ctx: &Context, req: Type) -> Result<Type> {
            Ok(req)
        }
        async fn local_(&self, _ctx: &Context, req: Type) -> Result<Type> {
            Ok(req)
        }
        async fn clone_(&self, _ctx: &Context, req: Type) -> Result<Type> {
            Ok(req)
        }
        async fn r#loop(&self, _ctx: &Context, reqs: Streaming<Type>) -> Result<Streaming<Type>> {
            Ok(reqs)
        }
    }

    let (client, ctx) = (MatchClient::local(Echo), Context::background());
    let message = Type {
        r#type: "t".to_owned(),
        self_: "s".to_owned(),
        r#async: 3,
        r#enum: r#type::Enum::Move.into(),
        r#fn: Some(Fn {
            r#where: [("w".to_owned(), Type::default())].into(),
        }),
        r#match: Some(r#type::Match::Super(r#type::Self_ {
            r#in: vec!["i".to_owned()],
        })),
    };
    assert_eq!(client.r#move(&ctx, message.clone()).await?, message);
    assert_eq!(client.clone().clone_(&ctx, message.clone()).await?, message);
    let looped = client
        .r#loop(&ctx, Streaming::from_iter([message.clone()]))
        .await?;
    assert_eq!(looped.collect().await?, std::slice::from_ref(&message));
    let json = concat!(
        r#"{"type":"t","self":"s","async":3,"enum":"ENUM_MOVE","#,
        r#""fn":{"where":{"w":{}}},"super":{"in":["i"]}}"#,
    );
    crate::assert_forms(&message, json);
    Ok(())
}

#[tokio::test]
async fn messages_may_be_called_like_the_prelude() -> Result<()> {
    use prelude_names::proto::{self, SendClient, T2Client};

    struct Odd;

    impl proto::Send for Odd {
        async fn drop_(&self, _ctx: &Context, _req: proto::T) -> Result<proto::B> {
            Ok(proto::B {})
        }
        async fn into_(
            &self,
            _ctx: &Context,
            reqs: Streaming<proto::Option>,
        ) -> Result<proto::Result> {
            let ok = reqs
                .collect()
                .await?
                .into_iter()
                .map(|option| option.value)
                .collect();
            Ok(proto::Result { ok })
        }
        async fn eq(
            &self,
            _ctx: &Context,
            _req: proto::Context,
        ) -> Result<Streaming<proto::Future>> {
            Ok(Streaming::from_iter([proto::Future {}]))
        }
    }

    impl proto::T2 for Odd {
        async fn get(&self, _ctx: &Context, _req: proto::Some) -> Result<proto::None> {
            Ok(proto::None {})
        }
    }

    let (client, ctx) = (SendClient::local(Odd), Context::background());
    let message = proto::T {
        option: Some(proto::Option {
            value: "o".to_owned(),
        }),
        some: Some(proto::t::Some::Ok(proto::Some {})),
        arcs: [("a".to_owned(), proto::Arc {})].into(),
        ..proto::T::default()
    };
    assert_eq!(client.drop_(&ctx, message.clone()).await?, proto::B {});
    let options = ["a", "b"].map(|value| proto::Option {
        value: value.to_owned(),
    });
    assert_eq!(
        client.into_(&ctx, Streaming::from_iter(options)).await?.ok,
        "ab"
    );
    assert_eq!(
        client
            .eq(&ctx, proto::Context::default())
            .await?
            .collect()
            .await?,
        [proto::Future {}]
    );
    assert_eq!(
        T2Client::local(Odd).get(&ctx, proto::Some {}).await?,
        proto::None {}
    );
    crate::assert_forms(
        &message,
        r#"{"option":{"value":"o"},"ok":{},"arcs":{"a":{}}}"#,
    );
    Ok(())
}

#[tokio::test]
async fn comments_change_nothing() -> Result<()> {
    use comments::proto::{Talk, TalkClient, Word, word};

    struct Parrot;

    impl Talk for Parrot {
        async fn say(&self, _ctx: &Context, req: Word) -> Result<Word> {
            Ok(req)
        }
        async fn hear(&self, _ctx: &Context, _req: Word) -> Result<Word> {
            Ok(Word::default())
        }
    }

    let word = Word {
        text: "a".to_owned(),
        kind: Some(word::Kind::Loud(true)),
    };
    let client = TalkClient::local(Parrot);
    assert_eq!(
        client.say(&Context::background(), word.clone()).await?,
        word
    );
    crate::assert_forms(&word, r#"{"text":"a","loud":true}"#);
    Ok(())
}

mod error_names {
    crate::expected!("error_names");
}

#[test]
fn reasons_may_be_named_as_what_is_beside_them() {
    use error_names::proto::{Error, result::Into};

    let number = |error: ezrpc::Error| (error.number(), error.reason().to_owned());
    let numbers = [Error::Of, Error::Error, Error::WithMessage, Error::Self_].map(Error::error);
    let expected = [
        (4_220_001, "ERROR_OF"),
        (4_220_002, "ERROR_ERROR"),
        (4_220_003, "with_message"),
        (4_220_004, "self"),
    ];
    assert_eq!(
        numbers.map(number),
        expected.map(|(code, name)| (Some(code), name.to_owned()))
    );
    let gone = Into::Http2GoneAway.with_message("gone");
    assert_eq!(
        (Into::of(&gone), Error::of(&gone)),
        (Some(Into::Http2GoneAway), None)
    );
    assert_eq!(gone.http_status(), 410);
}
