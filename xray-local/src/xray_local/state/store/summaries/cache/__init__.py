"""What readers keep of traces until they change: values of blocks of them, and verdicts of filters."""
