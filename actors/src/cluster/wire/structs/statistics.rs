//! Counters of machines and processes (spec cluster 12.1).

use std::collections::BTreeMap;

use visord_cluster::message::{HostSample, ProcessSample};
use visord_xmlrpc::Value;

use super::counter;
use crate::cluster::wire::fields::{Fields, Read, float, int, pair};

pub(crate) fn host_sample(sample: &HostSample) -> Value {
    let cpu = sample.cpu.iter();
    let cpu = cpu.map(|&(work, idle)| Value::from_iter([work, idle]));
    let disks = sample.disk_usage.iter();
    let disks = disks.map(|(name, &percent)| (name, Value::from(percent)));
    Value::structure([
        ("now", Value::from(sample.now)),
        ("cpu", cpu.collect()),
        ("mem", sample.memory.into()),
        ("net_io", counters(&sample.net_io)),
        ("disk_usage", Value::structure(disks)),
        ("disk_io", counters(&sample.disk_io)),
    ])
}

fn counters(pairs: &BTreeMap<String, (u64, u64)>) -> Value {
    let pairs = pairs.iter();
    Value::structure(pairs.map(|(name, &(first, second))| {
        let both: Value = [counter(first), counter(second)].into_iter().collect();
        (name, both)
    }))
}

pub(crate) fn read_host_sample(value: &Value) -> Read<HostSample> {
    let fields = Fields::new(value, "host statistics")?;
    let cpu = fields.items("cpu")?.iter();
    let cpu: Option<_> = cpu.map(|times| pair(times, float)).collect();
    let counters = |key| fields.map(key, "pairs of counters", |value| pair(value, int));
    Ok(HostSample {
        now: fields.float("now")?,
        cpu: cpu.ok_or_else(|| fields.wrong("cpu", "a list of pairs of numbers"))?,
        memory: fields.float("mem")?,
        net_io: counters("net_io")?,
        disk_usage: fields.map("disk_usage", "numbers", float)?,
        disk_io: counters("disk_io")?,
    })
}

pub(crate) fn process_sample(sample: &ProcessSample) -> Value {
    let mut members = vec![
        ("namespec", Value::from(&*sample.namespec)),
        ("pid", sample.pid.into()),
        ("now", sample.now.into()),
    ];
    if sample.pid != 0 {
        let cores = sample.cores.map(|cores| ("nb_cores", Value::from(cores)));
        members.extend(cores);
        members.push(("proc_work", sample.work.into()));
        members.push(("proc_memory", sample.memory.into()));
    }
    Value::structure(members)
}

pub(crate) fn read_process_sample(value: &Value) -> Read<ProcessSample> {
    let fields = Fields::new(value, "process statistics")?;
    let pid = fields.int("pid")?;
    let figure = |key| match pid {
        0 => Ok(0.0),
        _ => fields.float(key),
    };
    Ok(ProcessSample {
        namespec: fields.text("namespec")?.into(),
        pid,
        now: fields.float("now")?,
        work: figure("proc_work")?,
        memory: figure("proc_memory")?,
        cores: fields.or("nb_cores", None, |it, key| it.int(key).map(Some))?,
    })
}
