//! What servers of tests have in common: reading a request, writing an XML-RPC answer.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// The head, with its empty line, and the body of a request; nothing if the client has gone.
pub(crate) fn read_request(client: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(client.try_clone().expect("a descriptor"));
    let mut head = String::new();
    let mut length = 0;
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().expect("a length");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    Some((head, String::from_utf8(body).expect("a text")))
}

/// An answer with this document, after which the connection ends.
pub(crate) fn http_answer(document: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{document}", document.len()).into_bytes()
}
