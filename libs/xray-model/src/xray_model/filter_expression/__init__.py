"""X-Ray's filter-expression language: parse, print, and evaluate on a trace.

Source: "Using filter expressions" in the X-Ray developer guide.
"""

from xray_model.filter_expression.evaluator import any_compares, matches
from xray_model.filter_expression.nodes import Expression, names_groups
from xray_model.filter_expression.parser import parse
from xray_model.filter_expression.printer import to_text
from xray_model.filter_expression.scope import TraceFacts
from xray_model.filter_expression.tokens import FilterError

__all__ = ["Expression", "FilterError", "TraceFacts", "any_compares", "matches", "names_groups", "parse", "to_text"]
