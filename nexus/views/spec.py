"""What a view is: a saved question to one source, with typed parameters, column formats and a chart."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from nexus.sources.rules import Rule
from nexus.sources.spec import Identifier, Name
from nexus.views.appearance import Chart, Format
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.printed import Printed
from nexus.views.question import SqlQuestion, TableQuestion, every_filter


class View(BaseModel, frozen=True, extra="forbid"):
    """A saved question. The same spec is the form, the YAML file and the stored row."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: tuple[str, ...] = ()
    source: Name
    question: Annotated[SqlQuestion | TableQuestion, Field(discriminator="kind")]
    parameters: tuple[Parameter, ...] = ()
    formats: dict[Identifier, Format] = Field(default_factory=dict)
    chart: Chart | None = None
    rules: dict[Identifier, Rule] = Field(
        default_factory=dict, description="What prompts may send of a column of the result; its source's rules hold as well."
    )
    print: Printed = Printed()

    rows_behind: bool = Field(
        False, description="Whether all who see its figures may see the rows that these are made of, and not only those who build."
    )

    @model_validator(mode="after")
    def _parameters_are_told_apart(self) -> Self:
        names = [parameter.name for parameter in self.parameters]
        if len(names) != len(set(names)):
            raise ValueError("two parameters have the same name")
        for parameter in self.parameters:
            if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
                for by in parameter.choices.narrowed.values():
                    if by not in names or by == parameter.name:
                        raise ValueError(
                            f"the choices of `{parameter.name}` are narrowed by `{by}`, which is no other parameter of the view"
                        )
        return self

    @model_validator(mode="after")
    def _filters_name_its_parameters(self) -> Self:
        if isinstance(self.question, TableQuestion):
            known = {parameter.name for parameter in self.parameters}
            asked = self.question
            for where in every_filter((*asked.filters, *asked.result_filters, *(one for column in asked.columns for one in column.where))):
                if where.parameter is not None and where.parameter not in known:
                    raise ValueError(f"a filter names the parameter `{where.parameter}`, which the view does not have")
        return self

    @property
    def names_its_columns(self) -> bool:
        """Whether the columns of the result are named, and not all those that its joined tables have."""
        asked = self.question
        return isinstance(asked, SqlQuestion) or any(not column.off for column in asked.columns) or all(join.off for join in asked.joins)
