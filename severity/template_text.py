"""The first look at a Jinja text somebody wrote: whether it can be read at all. Pure.

Jinja's parser and compiler recurse, so a text nested deep enough would end a check, or the bot's start, in an error of
Python's. Here it is a fault of the text like any other.
"""

from jinja2 import Environment, TemplateSyntaxError, nodes

MAX_NESTING = 20  # a text for people needs three or four


def parsed(environment: Environment, text: str) -> nodes.Template:
    """The text's tree, none of it run. Raises TemplateSyntaxError, whose message is for people."""
    try:
        tree = environment.parse(text)
    except RecursionError:
        raise TemplateSyntaxError("is nested too deeply", 1) from None
    except ValueError:  # Python reads no number of more than some thousand digits
        raise TemplateSyntaxError("holds a number that is too long", 1) from None
    level: list[nodes.Node] = [tree]
    for _ in range(MAX_NESTING):
        level = [inner for node in level for inner in node.iter_child_nodes()]
    if level:
        raise TemplateSyntaxError("is nested too deeply", 1)
    return tree
