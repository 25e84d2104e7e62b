//! The files of a log thread: taken over, rotated, cleared.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Pump;
use super::command::{ChannelId, Command};
use super::slot::Slot;
use crate::log::archive::Shelf;
use crate::log::disk::RealDisk;
use crate::log::file::{FileKeys, LogFile, rotate_closed};
use crate::log::output::Output;

impl Pump {
    pub(super) fn adopt(&mut self, id: ChannelId, mut output: Output<RealDisk>) {
        self.inherit_queue(&mut output);
        output.settle_at(self.shelf());
        self.slots.insert(id, Slot::new(output));
        self.balance(id);
    }

    /// What an earlier run of this output left for a stalled sink goes first.
    fn inherit_queue(&mut self, output: &mut Output<RealDisk>) {
        let mut earlier = Vec::new();
        for (id, slot) in &mut self.slots {
            if slot.is_closed() && slot.output.is_same_as(output) {
                output.inherit(&mut slot.output);
                earlier.push(*id);
            }
        }
        let left = output.counts().left.swap(0, Ordering::Relaxed);
        if left != 0 && !earlier.contains(&left) {
            // its log was something else then and belongs to another thread
            self.shared.say_to_all(|| Command::Supersede { id: left });
        }
        for id in earlier {
            self.remove(id);
        }
    }

    pub(super) fn rotate_path(&self, path: PathBuf, keys: FileKeys) -> io::Result<()> {
        if let Some(mut log) = rotate_closed(RealDisk, path, keys)? {
            self.shelf().put_away(&mut log);
        }
        Ok(())
    }

    fn shelf(&self) -> Shelf {
        Shelf {
            archive: Arc::clone(&self.shared.archive),
            owner: self.mouth.clone(),
        }
    }

    pub(super) fn clear(&mut self, id: ChannelId) -> io::Result<()> {
        let Some(slot) = self.slots.get_mut(&id) else {
            return Err(crate::log::gone());
        };
        slot.stop_waiting(&self.epoll);
        let cleared = slot.output.file_mut().map_or(Ok(()), LogFile::clear);
        slot.output.resume();
        cleared
    }
}
