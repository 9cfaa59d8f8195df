//! One instance of the Work service in a process of its own, to which tests do things: `fault_server ADDRESS NAME
//! [MILLIS]`, where each call takes that long at least. Registers where `EZRPC_REGISTRY` says, prints its address, and
//! ends on SIGTERM.

use std::time::Duration;

use ezrpc::{Context, Error, Result, Server};
use ezrpc_tests::proto::fault::{Work, WorkReply, WorkRequest, WorkServer};

struct Instance {
    name: String,
    /// How long each call takes at least.
    pause: Duration,
}

impl Instance {
    async fn work(&self, req: WorkRequest) -> Result<WorkReply> {
        let asked = Duration::from_millis(req.millis.into());
        let pause = self.pause.max(asked);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok(WorkReply {
            instance: self.name.clone(),
        })
    }
}

impl Work for Instance {
    async fn r#do(&self, _ctx: &Context, req: WorkRequest) -> Result<WorkReply> {
        self.work(req).await
    }

    async fn read(&self, _ctx: &Context, req: WorkRequest) -> Result<WorkReply> {
        self.work(req).await
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err(Error::invalid_argument(
            "usage: fault_server ADDRESS NAME [MILLIS]",
        ));
    };
    let millis: u64 = arguments.next().unwrap_or_default().parse().unwrap_or(0);
    let instance = Instance {
        name: name.clone(),
        pause: Duration::from_millis(millis),
    };
    let bound = Server::new("fault")
        .version(name)
        .add(WorkServer::new(instance))
        .registry(ezrpc::discovery::default_registry()?)
        .bind(address)
        .await?;
    println!("{}", bound.local_addr());
    bound.serve().await
}
