//! Any bytes as a call and as an answer: nothing panics, nothing recurses without end, and
//! what is read is written and read again alike.

#![no_main]

use libfuzzer_sys::fuzz_target;
use visord_xmlrpc::{Limits, Value, decode_call, decode_reply, encode_call, encode_reply};

fuzz_target!(|body: &[u8]| {
    let limits = Limits {
        body: 64 * 1024,
        ..Limits::DEFAULT
    };
    if let Ok(call) = decode_call(body, &limits) {
        assert!(!call.method.is_empty());
        let again = encode_call(&call.method, &call.params);
        let again = decode_call(again.as_bytes(), &Limits::DEFAULT).expect("our own call");
        // compared as written: a NaN is not equal to itself
        assert_eq!(
            encode_call(&again.method, &again.params),
            encode_call(&call.method, &call.params)
        );
    }
    // Control characters of the original's answers are read, but written as U+FFFD, so that
    // names may become one: what we have written once stays as it is.
    if let Ok(Ok(value)) = decode_reply(body) {
        let first = again(&value);
        assert_eq!(encode_reply(&again(&first)), encode_reply(&first));
    }
});

fn again(value: &Value) -> Value {
    let written = encode_reply(value);
    let read = decode_reply(written.as_bytes());
    read.expect("our own answer").expect("a value")
}
