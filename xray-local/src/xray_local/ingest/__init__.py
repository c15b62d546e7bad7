"""How traces arrive besides the API: segment documents as UDP datagrams, and spans by OTLP/HTTP."""
