"""How the simulated reader says that a request is wrong. Pure.

Public names: Complaint, RefusedError, complaint, status, refused, wrong_field, field_error.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 14.
"""

from __future__ import annotations

from dataclasses import dataclass

from rfid.llrp.codec import Message, Parameter, RawParameter, parameter
from rfid.llrp.schema import PARAMETERS_BY_NAME


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a request. ``status``: name of a StatusCode, ``below``: FieldError or ParameterError."""

    status: str
    text: str
    below: Parameter | None = None


class RefusedError(Exception):
    """A request that is answered with a complaint."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint


def complaint(element: Message | Parameter) -> Complaint | None:
    """The first sub-parameter that is missing, repeated or unexpected, at any depth; None when all is as it must be."""
    given = list(element.parameters)
    for child in element.definition.children:
        mine = [one for one in given if isinstance(one, Parameter) and one.name in child.names]
        if child.required and not mine:
            number = PARAMETERS_BY_NAME[child.names[0]].number
            text = f"{element.name} without {' or '.join(child.names)}"
            return Complaint("M_MissingParameter", text, _parameter_error(number, "M_MissingParameter"))
        if len(mine) > 1 and not child.many:
            number = PARAMETERS_BY_NAME[mine[1].name].number
            text = f"{element.name} with {len(mine)} of {mine[1].name}"
            return Complaint("M_DuplicateParameter", text, _parameter_error(number, "M_DuplicateParameter"))
        given = [one for one in given if one not in mine]
    for one in given:
        number = one.number if isinstance(one, RawParameter) else PARAMETERS_BY_NAME[one.name].number
        code = "M_UnknownParameter" if isinstance(one, RawParameter) else "M_UnexpectedParameter"
        text = f"{element.name} with parameter {number}"
        return Complaint(code, text, _parameter_error(min(number, 0xFFFF), code))
    below = (complaint(one) for one in element.parameters if isinstance(one, Parameter))
    return next((one for one in below if one is not None), None)


def status(code: str, text: str = "", below: Parameter | None = None) -> Parameter:
    """LLRPStatus."""
    return parameter("LLRPStatus", *((below,) if below else ()), StatusCode=code, ErrorDescription=text)


def field_error(number: int) -> Parameter:
    """FieldError: field ``number`` of the message, from 1."""
    return parameter("FieldError", FieldNum=number, ErrorCode="M_FieldError")


def _parameter_error(number: int, code: str) -> Parameter:
    return parameter("ParameterError", ParameterType=number, ErrorCode=code)


def refused(code: str, text: str, below: Parameter | None = None) -> RefusedError:
    """The request fails with this StatusCode."""
    return RefusedError(Complaint(code, text, below))


def wrong_field(name: str, number: int, text: str) -> RefusedError:
    """Field ``number`` of parameter ``name`` is wrong."""
    inside = parameter(
        "ParameterError",
        parameter("FieldError", FieldNum=number, ErrorCode="P_FieldError"),
        ParameterType=PARAMETERS_BY_NAME[name].number,
        ErrorCode="P_FieldError",
    )
    return refused("M_ParameterError", text, inside)
