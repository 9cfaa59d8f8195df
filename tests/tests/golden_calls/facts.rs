//! What the schema says of methods and errors, as the runtime sees it.

use std::time::Duration;

use ezrpc::{
    Code, Context, Error, Idempotency, Result, Route, Streaming, Timeout, UploadStream, Webapi,
};

mod webapi_options {
    crate::expected!("webapi_options");
}
mod legacy_option_number {
    crate::expected!("legacy_option_number");
}
mod http_rules {
    crate::expected!("http_rules");
}
mod errors_enum {
    crate::expected!("errors_enum");
}

const OFF: Webapi = Webapi {
    enable: false,
    upload: false,
    public: false,
};
const ON: Webapi = Webapi {
    enable: true,
    ..OFF
};

#[test]
fn webapi_options_are_merged() {
    let service = &webapi_options::proto::PICTURES_SERVICE;
    assert_eq!(
        (service.name(), service.description()),
        ("webapi_options.Pictures", "图片")
    );
    let facts = service.methods().iter();
    let facts: Vec<_> = facts
        .map(|m| (m.path(), m.web(), m.timeout(), m.idempotency()))
        .collect();
    let limit = |millis| Timeout::Limit(Duration::from_millis(millis));
    let expected = [
        (
            "/webapi_options.Pictures/Get",
            Webapi { public: true, ..ON },
            limit(1_500),
            Idempotency::NoSideEffects,
        ),
        (
            "/webapi_options.Pictures/Put",
            Webapi { upload: true, ..ON },
            limit(120_000),
            Idempotency::Idempotent,
        ),
        (
            "/webapi_options.Pictures/Sweep",
            OFF,
            Timeout::None,
            Idempotency::Unknown,
        ),
    ];
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn files_are_the_runtimes() -> Result<()> {
    use webapi_options::proto::{Pictures, PicturesClient, Query, Upload};
    type File = ezrpc::ezbuy::File;

    struct Album;

    impl Pictures for Album {
        async fn get(&self, _ctx: &Context, req: Query) -> Result<File> {
            Ok(File {
                filename: req.name,
                ..File::default()
            })
        }
        async fn put(&self, _ctx: &Context, req: Upload) -> Result<Query> {
            Ok(Query {
                name: req.file.unwrap_or_default().filename,
            })
        }
        async fn sweep(&self, _ctx: &Context, req: Query) -> Result<Query> {
            Ok(req)
        }
    }

    let (client, ctx) = (PicturesClient::local(Album), Context::background());
    let query = Query {
        name: "cat.png".to_owned(),
    };
    let file = client.get(&ctx, query.clone()).await?;
    let upload = Upload {
        name: String::new(),
        file: Some(file),
    };
    assert_eq!(client.put(&ctx, upload.clone()).await?, query);
    assert_eq!(client.sweep(&ctx, query.clone()).await?, query);
    crate::assert_forms(&upload, r#"{"file":{"filename":"cat.png"}}"#);
    Ok(())
}

#[tokio::test]
async fn the_legacy_number_says_the_same() -> Result<()> {
    use legacy_option_number::proto::{PRODUCT_SERVICE, Product, ProductClient, Query};

    struct Shelf;

    impl Product for Shelf {
        async fn get(&self, _ctx: &Context, req: Query) -> Result<Query> {
            Ok(req)
        }
        async fn find(&self, _ctx: &Context, req: Query) -> Result<Query> {
            Ok(req)
        }
    }

    let web: Vec<Webapi> = PRODUCT_SERVICE
        .methods()
        .iter()
        .map(|method| method.web())
        .collect();
    assert_eq!(web, [ON, Webapi { public: true, ..ON }]);
    let query = Query { id: "7".to_owned() };
    let client = ProductClient::local(Shelf);
    assert_eq!(
        client.find(&Context::background(), query.clone()).await?,
        query
    );
    crate::assert_forms(&query, r#"{"id":"7"}"#);
    Ok(())
}

#[test]
fn http_rules_are_routes() {
    let service = &http_rules::proto::LIBRARY_SERVICE;
    let routes: Vec<_> = service
        .methods()
        .iter()
        .map(|method| method.http_routes())
        .collect();
    let expected: [&[Route]; 6] = [
        &[
            Route::new("GET", "/v1/{name=shelves/*/books/*}"),
            Route::new("GET", "/v1/books/{name}:read"),
        ],
        &[Route::new("PATCH", "/v1/{book.name=shelves/*}")
            .body("book")
            .response_body("title")
            .patch_mask("mask")],
        &[Route::new("LOCK", "/v1/{name=**}").body("*")],
        &[Route::new("GET", "/v1/{name}/raw").raw_response()],
        &[Route::new("POST", "/v1/{name}/scans")
            .body("page")
            .raw_request()
            .raw_response()],
        &[Route::new("POST", "/v1/{book.name}:import").body("*")],
    ];
    assert_eq!(routes, expected);
    let (meta, chunk) = ("book", "text");
    let import = service.method(5).upload_into();
    assert_eq!(import, Some(UploadStream::Oneof { meta, chunk }));
}

#[tokio::test]
async fn http_bodies_are_the_runtimes() -> Result<()> {
    use http_rules::proto::{
        Book, GetBookRequest, Library, LibraryClient, Page, ScanRequest, UpdateBookRequest,
    };
    type HttpBody = ezrpc::google::api::HttpBody;

    struct Shelves;

    impl Library for Shelves {
        async fn get_book(&self, _ctx: &Context, req: GetBookRequest) -> Result<Book> {
            Ok(Book {
                name: req.name,
                title: "T".to_owned(),
            })
        }
        async fn update_book(&self, _ctx: &Context, req: UpdateBookRequest) -> Result<Book> {
            Ok(req.book.unwrap_or_default())
        }
        async fn lock_book(&self, _ctx: &Context, req: Book) -> Result<Book> {
            Ok(req)
        }
        async fn download(&self, _ctx: &Context, req: GetBookRequest) -> Result<HttpBody> {
            Ok(HttpBody {
                content_type: "text/plain".to_owned(),
                data: req.name.into(),
                ..HttpBody::default()
            })
        }
        async fn scan(&self, _ctx: &Context, req: ScanRequest) -> Result<Streaming<HttpBody>> {
            Ok(Streaming::from_iter(req.page))
        }
        async fn import(&self, _ctx: &Context, _pages: Streaming<Page>) -> Result<Book> {
            Ok(Book::default())
        }
    }

    let (client, ctx) = (LibraryClient::local(Shelves), Context::background());
    let request = GetBookRequest {
        name: "a".to_owned(),
    };
    let book = client.get_book(&ctx, request.clone()).await?;
    let update = UpdateBookRequest {
        book: Some(book.clone()),
        force: true,
        mask: None,
    };
    assert_eq!(client.update_book(&ctx, update.clone()).await?, book);
    assert_eq!(client.download(&ctx, request).await?.data, "a");
    crate::assert_forms(&update, r#"{"book":{"name":"a","title":"T"},"force":true}"#);
    Ok(())
}

#[test]
fn an_enum_lists_error_reasons() {
    use errors_enum::proto::ProductError;
    use ezrpc::codegen::v1::{ErrorReason, ErrorReasons};

    assert_eq!(ProductError::DOMAIN, "shop.product");
    let reasons = [
        ErrorReason::new(
            ProductError::NotFoundById.into(),
            "NOT_FOUND_BY_ID",
            4_040_001,
            "no such \"product\"",
        ),
        ErrorReason::new(
            ProductError::SoldOut.into(),
            "SOLD_OUT",
            4_090_001,
            "sold out",
        ),
    ];
    assert_eq!(ProductError::REASONS, reasons);
}

#[test]
fn a_reason_makes_an_error_and_is_found_in_it() {
    use errors_enum::proto::ProductError;

    const LINE: u32 = line!();
    fn find(id: i64) -> Result<i64> {
        let found = (id == 7).then_some(id);
        found.ok_or(ProductError::NotFoundById)?;
        if id == 7 {
            return Err(ProductError::SoldOut.with_message(format!("{id} is sold out")));
        }
        Ok(id)
    }

    let seen = |error: &Error| {
        let place = error.frames()[0].to_string();
        let line = place.strip_prefix(file!()).unwrap_or_default().to_owned();
        (
            error.code(),
            error.http_status(),
            error.message().to_owned(),
            line,
        )
    };
    let missing = find(8).expect_err("there is none");
    let message = "no such \"product\"".to_owned();
    let line = |line: u32| format!(":{}", LINE + line);
    assert_eq!(seen(&missing), (Code::NotFound, 404, message, line(3)));
    assert!(missing.is(ProductError::NotFoundById) && !missing.is(ProductError::SoldOut));
    let sold = find(7).expect_err("it is sold out");
    let message = "7 is sold out".to_owned();
    assert_eq!(seen(&sold), (Code::Aborted, 409, message, line(5)));
    match ProductError::of(&sold) {
        Some(ProductError::SoldOut) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(ProductError::SoldOut.error().message(), "sold out");
    // What is no reason is no typed error either.
    let error = Error::from(ProductError::Unspecified);
    assert_eq!(
        (error.code(), ProductError::of(&error)),
        (Code::Internal, None)
    );
}
