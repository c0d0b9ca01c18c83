//! A server that answers as a scenario tells it, for what no node of this version answers.

use serde_json::Value;
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

/// Answers each request, by the JSON of its body if it has one, until the test ends. Gives its URL.
pub fn serve(answer: impl Fn(Option<Value>) -> Value + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read_request(&mut stream);
            let body = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            let text = answer(serde_json::from_str(body).ok()).to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let length = text.len();
            write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{text}").unwrap();
        }
    });
    url
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "a request was cut short: {text}");
        bytes.extend_from_slice(&part[..read]);
    }
}
