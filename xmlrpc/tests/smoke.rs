//! A call and its answer, there and back.
use visord_xmlrpc::*;

#[test]
fn a_call_survives_the_wire() {
    let params = [
        Value::from("a <b> & \r\n c"),
        Value::from(-7),
        Value::from(1.5),
        Value::from(true),
        Value::Nil,
        Value::structure([("a", Value::Array(vec![Value::from("x"), Value::from("")]))]),
    ];
    let body = encode_call("system.multicall", &params);
    let call = decode_call(body.as_bytes(), &Limits::DEFAULT).unwrap();
    assert_eq!(call.method, "system.multicall");
    assert_eq!(call.params, params);
}

#[test]
fn an_answer_survives_the_wire() {
    let value = Value::structure([
        ("pid", Value::from(5_000_000_000_i64)),
        ("b", vec![0_u8, 255].into()),
    ]);
    assert_eq!(decode_reply(encode_reply(&value).as_bytes()), Ok(Ok(value)));
    let fault = encode_fault(10, "BAD_NAME: nope");
    assert_eq!(
        decode_reply(fault.as_bytes()),
        Ok(Err(WireFault {
            code: 10,
            string: "BAD_NAME: nope".into()
        }))
    );
}
