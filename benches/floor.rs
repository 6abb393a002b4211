//! The floor: a function on the same runtime that only inflates.
//!
//! It is a `lambda_runtime` handler, written as in that crate's documentation. It inflates every record with the fastest inflater
//! available, always into the same memory, and returns a constant response of `FLOOR_RESPONSE_BYTES` bytes. Time that the
//! real function takes beyond the floor is its own work: parsing, transforming, encoding.

use std::cell::RefCell;

use base64::Engine;
use base64::engine::{Simd, general_purpose::PAD};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use libdeflater::Decompressor;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    data: &'a str,
}

struct Inflater {
    base64: Simd,
    decompressor: Decompressor,
    gzip: Vec<u8>,
    text: Vec<u8>,
}

impl Inflater {
    fn inflate(&mut self, record: &Record<'_>) -> Result<(), Error> {
        self.gzip.clear();
        self.base64.decode_vec(record.data, &mut self.gzip)?;
        let trailer = self.gzip.last_chunk().ok_or("expected gzip, found nothing")?;
        let text_len = u32::from_le_bytes(*trailer) as usize;
        if self.text.len() < text_len {
            self.text.resize(text_len, 0);
        }
        self.decompressor.gzip_decompress(&self.gzip, &mut self.text[..text_len]).map_err(|error| error.to_string())?;
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let response_bytes: usize = std::env::var("FLOOR_RESPONSE_BYTES")?.parse()?;
    let response = RawValue::from_string(format!("\"{}\"", "=".repeat(response_bytes - 2)))?;
    let inflater = RefCell::new(Inflater {
        base64: Simd::standard(PAD),
        decompressor: Decompressor::new(),
        gzip: Vec::new(),
        text: Vec::new(),
    });
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let event: Event<'_> = serde_json::from_str(event.payload.get())?;
        let mut inflater = inflater.borrow_mut();
        event.records.iter().try_for_each(|record| inflater.inflate(record))?;
        Ok::<_, Error>(&response)
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(lambda_runtime::run(handler))
}
