"""The label of a return, as PDF for those who send it, and for thermal printers.

Public names: LabelKind, return_label, return_label_routes.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Response
from pydantic import Field

from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from edge.orders.cases import CaseError
from edge.orders.parcel_label import Paper, ReturnLabel
from edge.print.parcel_paper import LabelFontError, return_pdf, return_zpl
from edge.views.words.table import Language

LabelKind: TypeAlias = Literal["pdf", "zpl"]
_Number = Annotated[int, Field(ge=1, le=2**53)]


def return_label(site: Site, number: int, kind: LabelKind, language: Language) -> Response:
    """Of a case that has one. Raises CaseError."""
    case, its = site.cases().detail(number).case, site.config.label
    if not case.number:
        raise CaseError(f"case {number}: has no return label")
    label, paper = ReturnLabel(case.number, case.order, its.sender), Paper(its.width_mm, its.height_mm, its.dots_mm)
    if kind == "pdf":
        return Response(return_pdf(label, paper, language), media_type="application/pdf")
    try:
        return Response(return_zpl(label, paper, language), media_type="application/zpl")
    except LabelFontError as error:
        raise CaseError(f"case {number}: {error}") from None


def return_label_routes(site: Site) -> APIRouter:
    """The route."""
    routes = APIRouter(prefix="/api/v1/cases", responses=V1_PROBLEMS, tags=["cases"])

    @routes.get("/{number}/label.{kind}", response_class=Response)
    def label(number: _Number, kind: LabelKind, language: Language = "en") -> Response:
        """The return's label: its number as Code 128, and where it goes; nothing of who sends it."""
        return return_label(site, number, kind, language)

    return routes
