//! Images of Glance. Contract: vim-behaviour 4.3, 6.1 step 9; deployment 1.5.

use super::audit::{Heard, Step};
use super::stored::{lenient, read_object};
use super::{Instance, Vim};
use nfv_common::pyjson::to_string as json;
use nfv_nfvi::answer::Paged;
use nfv_nfvi::object::Image;
use nfv_vim_db::Write;
use nfv_vim_db::row::ImageRow;
use serde_json::Value;

/// Whether instances of the image are healed. Contract: 3.8.
const AUTO_RECOVERY: &str = "sw_wrs_auto_recovery";
/// Longest live migration of its instances, seconds.
const LIVE_MIGRATION_TIMEOUT: &str = "hw_wrs_live_migration_timeout";
/// Longest pause at the end of their live migration, milliseconds.
const LIVE_MIGRATION_MAX_DOWNTIME: &str = "hw_wrs_live_migration_max_downtime";

/// Glance is about to forget the image.
const DELETED: &str = "deleted";

/// The property by which the image says whether its instances are healed, as stored.
pub fn auto_recovery(image: &Image) -> Option<&Value> {
    property(image, AUTO_RECOVERY)
}

/// The property that limits live migrations of its instances, seconds, as stored.
pub fn live_migration_timeout(image: &Image) -> Option<&Value> {
    property(image, LIVE_MIGRATION_TIMEOUT)
}

/// The property that limits the pause of a live migration, milliseconds, as stored.
pub fn live_migration_max_downtime(image: &Image) -> Option<&Value> {
    property(image, LIVE_MIGRATION_MAX_DOWNTIME)
}

fn property<'a>(image: &'a Image, key: &str) -> Option<&'a Value> {
    image.properties.get(key).filter(|value| !value.is_null())
}

/// Glance says that it is gone.
pub(super) fn is_deleted(image: &Image) -> bool {
    image.avail_status.iter().any(|status| status == DELETED)
}

fn put(image: &Image) -> Write {
    Write::PutImage(ImageRow {
        uuid: image.uuid.clone(),
        name: image.name.clone(),
        description: image.description.clone(),
        avail_status: json(&image.avail_status),
        action: image.action.clone(),
        container_format: image.container_format.clone(),
        disk_format: image.disk_format.clone(),
        min_disk_size_gb: image.min_disk_size_gb as i64,
        min_memory_size_mb: image.min_memory_size_mb as i64,
        visibility: image.visibility.clone().unwrap_or_default(),
        protected: image.protected.clone(),
        properties: json(&image.properties),
        nfvi_image_data: json(image),
    })
}

pub(super) fn from_row(row: ImageRow) -> Result<Image, String> {
    let beside = serde_json::json!({
        "uuid": row.uuid,
        "name": row.name,
        "description": row.description,
        "avail_status": lenient::<Vec<String>>(&row.avail_status),
        "action": row.action,
        "container_format": row.container_format,
        "disk_format": row.disk_format,
        "min_disk_size_gb": row.min_disk_size_gb.max(0),
        "min_memory_size_mb": row.min_memory_size_mb.max(0),
        "visibility": row.visibility,
        "protected": row.protected,
        "properties": lenient::<serde_json::Map<String, Value>>(&row.properties),
    });
    read_object(&row.nfvi_image_data, "nfvi_image_data", beside)
}

impl Vim {
    /// An image as Glance shows it.
    pub(super) fn image_update(&mut self, image: Image) {
        if self.images.get(&image.uuid) != Some(&image) {
            self.out.writes.push(put(&image));
            self.images.insert(image.uuid.clone(), image);
        }
    }

    /// The image is not there any more.
    pub(super) fn image_removed(&mut self, uuid: &str) {
        if self.images.remove(uuid).is_some() {
            self.out.writes.push(Write::DeleteImage { uuid: uuid.to_owned() });
        }
    }

    /// The image an instance was booted from, if it is known.
    pub(super) fn image_of(&self, instance: &Instance) -> Option<&Image> {
        self.images.get(instance.nfvi.image_uuid.as_ref()?)
    }

    /// A page of images. One that Glance shows as deleted counts as missing.
    pub(super) fn audit_images(&mut self, page: Paged<Image>) -> Heard {
        let mut there = Vec::new();
        for image in page.entries.into_iter().filter(|image| !is_deleted(image)) {
            there.push(image.uuid.clone());
            self.image_update(image);
        }
        let Some(missing) = self.audit_page(Step::Images, there, page.next) else { return Heard::Taken };
        self.each_missing(Step::Images, missing, Self::image_removed)
    }
}
