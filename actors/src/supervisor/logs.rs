//! Requests about the daemon's own log, and reopening every log.

use actix::{Handler, ResponseFuture};
use futures_util::future::ready;
use visord_model::fault::FaultCode;

use super::Supervisor;
use crate::messages::process::ReopenLogs;
use crate::messages::supervisor::{Answer, ClearMainLog, ReopenEverything};
use crate::spawn::SpawnError;

impl Handler<ReopenEverything> for Supervisor {
    type Result = ();

    fn handle(&mut self, _msg: ReopenEverything, _ctx: &mut Self::Context) {
        slog::info!(self.world.logger, "supervisord logreopen");
        self.activity.reopen();
        self.reopened.send_replace(());
        for member in self.roster.everybody() {
            member.addr.do_send(ReopenLogs);
        }
    }
}

impl Handler<ClearMainLog> for Supervisor {
    type Result = ResponseFuture<Answer>;

    fn handle(&mut self, _msg: ClearMainLog, _ctx: &mut Self::Context) -> Self::Result {
        if let Err(fault) = self.gate() {
            return Box::pin(ready(Err(fault)));
        }
        let Some(path) = self.world.board.identity().logfile.clone() else {
            return Box::pin(ready(Err(FaultCode::NoFile.bare())));
        };
        let activity = self.activity.clone();
        let missing = self
            .lanes
            .main_log
            .run(&self.world.workshop, move || !path.exists());
        Box::pin(async move {
            match missing.await {
                Ok(true) => return Err(FaultCode::NoFile.bare()),
                Ok(false) => {}
                // the attempt would hang as well
                Err(error @ SpawnError::EarlierHangs) => {
                    return Err(FaultCode::Failed.about(error.to_string()));
                }
                // the attempt needs no such thread
                Err(_no_thread) => {}
            }
            let cleared = activity.clear().await;
            cleared.map_err(|error| FaultCode::Failed.about(error.to_string()))
        })
    }
}
