//! The commands that write.

use crate::args::{Args, BadRequest, Failure};
use crate::{render, say};
use holm_core::{Holm, Receipt, Transaction, Version};
use serde_json::{Value, json};

/// What a command writes, in one transaction.
pub struct Writing {
    writes: Vec<Write>,
    group: bool,
    single: bool,
}

impl Writing {
    pub fn parse(args: &Args) -> Result<Self, Failure> {
        if args.command != "batch" {
            return Ok(Self { writes: vec![Write::parse(args)?], group: false, single: true });
        }
        let writes = args.list("ops")?.iter().map(|op| Write::parse(&args.nested(op)?)).collect::<Result<_, _>>()?;
        Ok(Self { writes, group: args.opt_bool("group")?.unwrap_or(false), single: false })
    }

    /// Writes, and answers when that returns.
    pub async fn run(self, holm: &Holm) -> Result<Value, Failure> {
        let Self { writes, group, single } = self;
        let work = move |tx: &mut Transaction<'_>| {
            if group {
                tx.group();
            }
            writes.iter().map(|write| write.apply(tx)).collect::<holm_core::Result<Vec<_>>>()
        };
        let written = Written(holm.write(work).await?);
        Ok(if single { written.single() } else { written.many() })
    }

    /// The same beside other commands: it may wait for the server.
    pub fn start(self, holm: Holm, args: Args) {
        tokio::spawn(async move {
            say(&match self.run(&holm).await {
                Ok(reply) => render::success(&args.id, reply),
                Err(failure) => render::failure(&args.id, &failure),
            });
        });
    }
}

/// One of the four writes.
struct Write {
    collection: String,
    kind: Kind,
}

enum Kind {
    Create { id: Option<String>, doc: String },
    Update { id: String, fields: String },
    Replace { id: String, doc: String, based_on: Option<Version> },
    Delete { id: String },
}

impl Write {
    fn parse(args: &Args) -> Result<Self, Failure> {
        let id = || args.text("doc_id").map(str::to_owned);
        let kind = match args.command.as_str() {
            "create" => Kind::Create { id: args.opt_text("doc_id")?.map(str::to_owned), doc: args.json("doc")? },
            "update" => Kind::Update { id: id()?, fields: args.json("fields")? },
            "replace" => Kind::Replace { id: id()?, doc: args.json("doc")?, based_on: args.opt_int("based_on")? },
            "delete" => Kind::Delete { id: id()? },
            other => return Err(BadRequest(format!("{other:?} is no write")).into()),
        };
        Ok(Self { collection: args.text("collection")?.to_owned(), kind })
    }

    fn apply(&self, tx: &Transaction<'_>) -> holm_core::Result<Receipt> {
        match &self.kind {
            Kind::Create { id, doc } => tx.create_text(&self.collection, id.as_deref(), doc),
            Kind::Update { id, fields } => tx.update_text(&self.collection, id, fields),
            Kind::Replace { id, doc, based_on: None } => tx.replace_text(&self.collection, id, doc),
            Kind::Replace { id, doc, based_on: Some(version) } => {
                tx.replace_text_based_on(&self.collection, id, doc, *version)
            }
            Kind::Delete { id } => tx.delete(&self.collection, id),
        }
    }
}

/// The receipts of writes that committed together.
pub struct Written(pub Vec<Receipt>);

impl Written {
    pub fn single(&self) -> Value {
        let receipt = self.0.first();
        json!({"doc_id": receipt.map(|r| &r.doc_id), "op_id": receipt.and_then(|r| r.op_id).map(|op| op.to_string())})
    }

    pub fn many(&self) -> Value {
        let op_ids: Vec<_> = self.0.iter().map(|r| r.op_id.map(|op| op.to_string())).collect();
        let doc_ids: Vec<_> = self.0.iter().map(|r| &r.doc_id).collect();
        json!({"op_ids": op_ids, "doc_ids": doc_ids})
    }
}
