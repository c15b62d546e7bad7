"""The exceptions of aws_xray_sdk; where it is installed, `takeover` makes them its own as well.

The names are the SDK's.
"""


class XRayError(Exception):
    """What they have in common, so that they can be given the SDK's classes as bases."""


class AlreadyEndedException(XRayError):  # noqa: N818
    """A segment or subsegment that has ended was to be changed."""


class SegmentNotFoundException(XRayError):  # noqa: N818
    """No segment is open, and the app has configured RUNTIME_ERROR for that."""


class SegmentNameMissingException(XRayError):  # noqa: N818
    """A segment was begun without a name, and no service name is configured."""


class SubsegmentNameMissingException(XRayError):  # noqa: N818
    """A subsegment was begun without a name."""


class InvalidSamplingManifestError(XRayError):
    """Local sampling rules that cannot be read."""


class InvalidDaemonAddressException(XRayError):  # noqa: N818
    """An address of the agent that cannot be read."""


class FacadeSegmentMutationException(XRayError):  # noqa: N818
    """A segment of AWS Lambda was to be changed."""


class MissingPluginNames(XRayError):  # noqa: N818
    """No plugin was named."""
