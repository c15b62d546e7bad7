"""Credentials for the cluster: the pod's service account, or a kubeconfig."""

import os

import kopf
import yaml

_DEFAULT = "~/.kube/config"


class CredentialsError(Exception):
    """No usable credentials; the text is one line."""


def find_credentials() -> kopf.ConnectionInfo:
    """Return the pod's service account, or else the one of KUBECONFIG or ~/.kube/config."""
    settings = kopf.OperatorSettings()
    try:
        found = kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings)
    except (OSError, LookupError, ValueError, TypeError, AttributeError, yaml.YAMLError, kopf.LoginError) as error:
        raise CredentialsError(f"kubeconfig: {os.environ.get('KUBECONFIG', _DEFAULT)!r}: {_reason(error)}") from error
    if found is None:
        raise CredentialsError("no cluster credentials found: expected a pod's service account, or KUBECONFIG")
    return found


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"not a valid kubeconfig: {' '.join(str(error).split())}"
