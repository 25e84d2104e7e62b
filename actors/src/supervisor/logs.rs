//! Requests about the daemon's own log, and reopening every log.

use actix::{Handler, ResponseFuture};
use futures_util::FutureExt;

use super::Supervisor;
use crate::messages::process::ReopenLogs;
use crate::messages::supervisor::{Answer, ClearMainLog, ReopenEverything};

impl Handler<ReopenEverything> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: ReopenEverything, _ctx: &mut Self::Context) {
        slog::info!(self.world.logger, "supervisord logreopen");
        self.activity.reopen();
        for member in self.roster.everybody() {
            member.addr.do_send(ReopenLogs);
        }
    }
}
