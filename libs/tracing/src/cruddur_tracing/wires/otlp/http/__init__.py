"""HTTP/1.1 on sockets: one kept-alive connection, the heads of requests, and what a response means for the spans."""
