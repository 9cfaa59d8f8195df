//! The products, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use ezrpc::ezbuy::File;
use ezrpc::wkt::FieldMask;
use ezrpc::{Error, Result};
use tokio::sync::broadcast;

use crate::proto::common::product_event::Kind;
use crate::proto::common::{ProductError, ProductEvent, ProductInfo, ProductRow};

/// How many events a slow watcher may be behind.
const BACKLOG: usize = 64;

/// All products by id, and the events of their changes.
#[derive(Debug)]
pub(crate) struct Catalogue {
    products: Mutex<BTreeMap<i64, ProductInfo>>,
    images: Mutex<BTreeMap<i64, File>>,
    events: broadcast::Sender<ProductEvent>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            products: Mutex::default(),
            images: Mutex::default(),
            events: broadcast::Sender::new(BACKLOG),
        }
    }
}

impl Catalogue {
    pub(crate) fn with_samples() -> Self {
        let catalogue = Self::default();
        let samples = [
            ("谷雨龙井 Longjing tea", 128.5, ["tea", "green"]),
            ("Yixing teapot", 399.0, ["tea", "pottery"]),
            ("Bamboo flute", 88.0, ["music", "bamboo"]),
        ];
        for (name, price, tags) in samples {
            let row = ProductRow {
                name: name.to_owned(),
                price,
                tags: tags.map(str::to_owned).to_vec(),
            };
            // Samples have names and prices.
            let _ = catalogue.add(row);
        }
        catalogue
    }

    pub(crate) fn get(&self, id: i64) -> Result<ProductInfo> {
        let found = lock(&self.products).get(&id).cloned();
        Ok(found.ok_or(ProductError::NotFoundById)?)
    }

    pub(crate) fn search(&self, text: &str, limit: usize) -> Vec<ProductInfo> {
        let matches = |product: &&ProductInfo| {
            product.name.contains(text) || product.tags.iter().any(|tag| tag.contains(text))
        };
        let products = lock(&self.products);
        let found = products.values().filter(matches);
        found.take(limit).cloned().collect()
    }

    pub(crate) fn add(&self, row: ProductRow) -> Result<i64> {
        if row.name.is_empty() {
            return Err(Error::invalid_argument("a product needs a name"));
        }
        let mut products = lock(&self.products);
        let id = products.last_key_value().map_or(1, |(id, _)| id + 1);
        let info = ProductInfo {
            id,
            name: row.name,
            price: row.price,
            tags: row.tags,
            attrs: BTreeMap::new(),
            updated_at: Some(SystemTime::now().into()),
        };
        products.insert(id, info.clone());
        self.tell(Kind::Added, info);
        Ok(id)
    }

    pub(crate) fn update(&self, new: ProductInfo, mask: &FieldMask) -> Result<ProductInfo> {
        let mut products = lock(&self.products);
        let product = products
            .get_mut(&new.id)
            .ok_or(ProductError::NotFoundById)?;
        for path in &mask.paths {
            match path.as_str() {
                "name" => product.name.clone_from(&new.name),
                "price" => product.price = new.price,
                "tags" => product.tags.clone_from(&new.tags),
                _ => {
                    let message = format!("cannot change `{path}`");
                    return Err(ProductError::NotChangeable.with_message(message));
                }
            }
        }
        product.updated_at = Some(SystemTime::now().into());
        let changed = product.clone();
        self.tell(Kind::Changed, changed.clone());
        Ok(changed)
    }

    pub(crate) fn put_image(&self, id: i64, image: File) -> Result<()> {
        self.get(id)?;
        lock(&self.images).insert(id, image);
        Ok(())
    }

    pub(crate) fn image(&self, id: i64) -> Result<File> {
        let found = lock(&self.images).get(&id).cloned();
        Ok(found.ok_or(ProductError::NoImage)?)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<ProductEvent> {
        self.events.subscribe()
    }

    fn tell(&self, kind: Kind, info: ProductInfo) {
        // Nobody may be watching.
        let _ = self.events.send(ProductEvent {
            kind: kind.into(),
            info: Some(info),
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A product is inserted or changed whole, so that a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
