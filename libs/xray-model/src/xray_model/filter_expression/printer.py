"""A printer of expressions: parsing its output gives an equal expression."""

from xray_model.filter_expression import nodes
from xray_model.filter_expression.nodes import Expression, Identity, Scalar


def to_text(expression: Expression) -> str:
    """Return an expression's canonical text."""
    match expression:
        case nodes.Or(operands):
            return " OR ".join(_operand(operand, nodes.Or) for operand in operands)
        case nodes.And(operands):
            return " AND ".join(_operand(operand, nodes.Or, nodes.And) for operand in operands)
        case nodes.Not(operand):
            return "!" + _operand(operand, nodes.Or, nodes.And)
        case nodes.Flag(keyword) | nodes.Exists(keyword):
            return keyword
        case nodes.Compare(keyword, operator, value):
            return f"{keyword} {operator} {_scalar(value)}"
        case _:
            return _complex(expression)


def _complex(expression: Expression) -> str:
    match expression:
        case nodes.Annotation(key, operator, value):
            name = f"annotation[{_quoted(key)}]"
            return name if operator is None or value is None else f"{name} {operator} {_scalar(value)}"
        case nodes.Service(identity, inner):
            return f"service({_identity(identity)}){_braces(inner)}"
        case nodes.Edge(source, target, inner):
            return f"edge({_identity(source)}, {_identity(target)}){_braces(inner)}"
        case nodes.Group(by, operator, value):
            return f"group.{by}" if operator is None or value is None else f"group.{by} {operator} {_quoted(value)}"
        case nodes.RootCause(cause, part, inner):
            return f"rootcause.{cause}.{part}{_braces(inner)}"
        case nodes.RootCauseJson(document):
            return f"rootcause.json = #{document}"
        case _:
            raise TypeError(f"{type(expression).__name__} is not an expression")


def _operand(operand: Expression, *looser: type) -> str:
    text = to_text(operand)
    return f"({text})" if isinstance(operand, looser) else text


def _braces(inner: Expression | None) -> str:
    return "" if inner is None else f" {{{to_text(inner)}}}"


def _identity(identity: Identity) -> str:
    if identity.type is None and identity.account_id is None:
        return "" if identity.name is None else _quoted(identity.name)
    pairs = {"name": identity.name, "type": identity.type, "account.id": identity.account_id}
    return "id(" + ", ".join(f"{key}: {_quoted(text)}" for key, text in pairs.items() if text is not None) + ")"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else repr(value)
