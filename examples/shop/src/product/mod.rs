//! The product service: the generated interface on top of what is `internal`.

mod internal;

use ezrpc::google::api::HttpBody;
use ezrpc::{Authenticator, Context, Error, Principal, Result, Streaming};

use crate::proto::common::{
    ImportResp, Product, ProductEvent, ProductGet, ProductGetResp, ProductImage, ProductInfo,
    ProductPutImage, ProductRow, ProductSearch, ProductSearchResp, ProductUpdate, ProductWatch,
};
use internal::{Catalogue, events};

/// Implements `common.Product`.
#[derive(Debug, Default)]
pub(crate) struct Service {
    catalogue: Catalogue,
}

impl Service {
    /// Starts with a few products.
    pub(crate) fn with_samples() -> Self {
        Self {
            catalogue: Catalogue::with_samples(),
        }
    }
}

impl Product for Service {
    async fn get(&self, ctx: &Context, req: ProductGet) -> Result<ProductGetResp> {
        ctx.set_field("productId", req.id);
        let info = self.catalogue.get(req.id)?;
        Ok(ProductGetResp { info: Some(info) })
    }

    async fn search(&self, _ctx: &Context, req: ProductSearch) -> Result<ProductSearchResp> {
        let limit =
            usize::try_from(req.limit).map_err(|_| Error::invalid_argument("limit is negative"))?;
        let limit = if limit == 0 { 20 } else { limit };
        let items = self.catalogue.search(&req.text, limit);
        Ok(ProductSearchResp { items })
    }

    async fn update(&self, ctx: &Context, req: ProductUpdate) -> Result<ProductInfo> {
        let info = req
            .info
            .ok_or_else(|| Error::invalid_argument("info is missing"))?;
        ctx.set_field("productId", info.id);
        self.catalogue.update(info, &req.mask.unwrap_or_default())
    }

    async fn put_image(&self, ctx: &Context, req: ProductPutImage) -> Result<ProductImage> {
        ctx.set_field("productId", req.id);
        let image = req
            .image
            .ok_or_else(|| Error::invalid_argument("image is missing"))?;
        let known = ProductImage {
            filename: image.filename.clone(),
            content_type: image.content_type.clone(),
            size: image.size,
            caption: req.caption,
        };
        self.catalogue.put_image(req.id, image)?;
        Ok(known)
    }

    async fn get_image(&self, ctx: &Context, req: ProductGet) -> Result<HttpBody> {
        ctx.set_field("productId", req.id);
        let image = self.catalogue.image(req.id)?;
        Ok(HttpBody {
            content_type: image.content_type,
            data: image.data,
            ..Default::default()
        })
    }

    async fn watch(&self, _ctx: &Context, req: ProductWatch) -> Result<Streaming<ProductEvent>> {
        Ok(events::stream(self.catalogue.subscribe(), req.id))
    }

    async fn import(&self, _ctx: &Context, mut rows: Streaming<ProductRow>) -> Result<ImportResp> {
        let mut ids = Vec::new();
        while let Some(row) = rows.message().await? {
            ids.push(self.catalogue.add(row)?);
        }
        Ok(ImportResp { ids })
    }
}

/// Lets staff in: `authorization: Bearer staff-<name>`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Staff;

impl Authenticator for Staff {
    async fn authenticate(&self, ctx: &Context) -> Result<Option<Principal>> {
        let Some(credentials) = ctx.metadata().get("authorization") else {
            return Ok(None);
        };
        match credentials.strip_prefix("Bearer staff-") {
            Some(name) if !name.is_empty() => Ok(Some(Principal::new(name))),
            _ => Err(Error::unauthenticated("not a staff token")),
        }
    }
}
