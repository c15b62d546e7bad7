"""WSGI environs of all sorts of requests."""

from hypothesis import strategies as st

names = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=12)
paths = names.map(lambda text: f"/{text}")
environs = st.fixed_dictionaries(
    {
        "REQUEST_METHOD": st.sampled_from(["GET", "POST", "BREW", "get", ""]),
        "SERVER_NAME": st.just("localhost"),
        "SERVER_PORT": st.sampled_from(["80", "4567"]),
        "wsgi.url_scheme": st.sampled_from(["http", "https"]),
        "PATH_INFO": paths,
    },
    optional={
        "HTTP_HOST": st.sampled_from(["shop.example", "shop.example:4567", ""]),
        "RAW_URI": paths,
        "REQUEST_URI": paths,
        "QUERY_STRING": st.sampled_from(["", "a=b", "sig=secret"]),
        "REMOTE_ADDR": st.sampled_from(["127.0.0.1", "::1", ""]),
        "REMOTE_PORT": st.sampled_from(["50000", ""]),
        "REMOTE_HOST": st.sampled_from(["127.0.0.1", "caller.example"]),
        "HTTP_USER_AGENT": names,
        "SERVER_PROTOCOL": st.sampled_from(["HTTP/1.1", "HTTP/2", "", "1.0"]),
    },
)
