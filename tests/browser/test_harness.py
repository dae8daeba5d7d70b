"""What all browser tests rely on: an exception anywhere is an error of the notebook, and fails the test."""

import re

from .conftest import OpenNotebook

WIDGET = '''
import ipyvuetify, traitlets

class Faulty(ipyvuetify.VuetifyTemplate):
    template = traitlets.Unicode("""
        <template><div><button @click="fail">script</button><button @click="handle">handler</button></div></template>
        <script>export default { methods: { fail() { throw new Error('in a method') } } }</script>
    """).tag(sync=True)
    handled = False

    def vue_handle(self, data=None):
        self.handled = True
        raise ValueError("in a handler")

faulty = Faulty()
faulty
'''


def test_an_exception_on_the_page_or_in_a_handler_is_an_error_of_the_notebook(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([WIDGET])
    notebook.run_all()
    page, output = notebook.page, notebook.output(0)
    with page.expect_event("pageerror"):
        page.evaluate("() => { setTimeout(() => { throw new Error('uncaught') }) }")
    with page.expect_console_message(lambda message: "in a method" in message.text):
        output.get_by_text("script").click()
    output.get_by_text("handler").click()
    notebook.expect_run("faulty.handled", True)
    raised = ["uncaught", "in a method", "in a handler"]
    assert [re.findall("|".join(raised), error)[0] for error in notebook.errors()] == raised
    notebook.page_errors.clear()
    notebook.kernel.handler_errors().clear()
