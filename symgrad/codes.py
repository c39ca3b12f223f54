"""Every kind of error and warning: its code, a title, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One kind of error: a stable code, a title, and an explanation in sentences."""

    code: str
    title: str
    explanation: str


_PAGE = """
SG100 not YAML
The file breaks YAML's own syntax at this place: indentation, quotes, brackets.
Quote a text that contains ': ' or begins with one of YAML's signs.

SG101 the file is too large
A spec has at most 1 MiB, 20,000 YAML nodes and 16 levels of nesting.

SG102 a character that a spec cannot have
Specs are UTF-8 text without control characters, and without characters that are
invisible or change the direction of writing.

SG103 a number with too many digits
A plain whole number in YAML has at most 40 digits. Constants belong into formulas.

SG104 the spec cannot be read
There is no such file, or it may not be read.

SG105 the file name makes no module name
The module is called like the spec, '-' and '.' becoming '_'. The result must be a
legal name, and not that of torch or of a module of Python's own library.

SG106 too long
There are limits to the length of a doc and to the number of ops, inputs, outputs,
functions and samples; the message says which was hit.

SG110 more than one document, or a directive
A spec is one YAML document without '%YAML' and '%TAG'.

SG111 a YAML anchor, alias or merge key
Anchors ('&a'), aliases ('*a') and merge keys ('<<') are not part of the format.
Formulas that are used several times go under 'functions' or 'let'.

SG112 a YAML tag
Tags ('!!python/...', '!name') are not part of the format.

SG113 a key or name that is there already
YAML readers disagree on which one counts, so a key stands only once in a mapping, and
a function has one policy under 'edges', whichever of its names is used. A list of
names has each of them once.

SG114 a key that is no word
Keys are words, not lists or mappings.

SG115 nothing in it
A spec has at least the keys 'symgrad' and 'ops'.

SG120 unknown key
The format has no such key at this place. The help line names the nearest one.

SG121 a missing key
A file needs 'symgrad' and 'ops', an op needs 'inputs' and 'forward'.

SG122 the wrong type of value
A text, a number, a list or a mapping stands where the format has another of these.
YAML reads an unquoted 3 as a number, and 'true' as a truth value: formulas that
consist of these are quoted.

SG123 a value that is not allowed
The key takes one of a few words. The help line names them, or the nearest one.

SG124 nothing where something is needed
This list or mapping has at least one entry.

SG125 not a legal name
Names are ASCII letters, digits and '_', begin with a letter, and have at most 64
characters.

SG126 a reserved name
Python's keywords and builtins, torch, ctx, F, the members of
torch.autograd.Function, and what begins with 'grad_' or 'need_' would collide with
names that generated code uses. The page on the spec format prints them all.

SG127 a name that is taken
Inputs, lets and outputs of one op have different names, so that each formula says
what it means. So do the parameters of a function. A function of a file is not called
like one of those that the format names; the page on the spec prints these in full.

SG128 ops that differ only by case
Some file systems and some readers do not tell them apart.

SG129 not a declaration
An input is declared as KIND, then 'in INTERVAL' and '= DEFAULT' if wanted, or by a
mapping with the keys kind, domain, default and grad.

SG130 not a domain
A domain is an interval such as (0, oo), [-1, 1] or (0, pi/2]. Its ends are constant
expressions, it is not empty, and it is open where it is infinite. Conditions have
none.

SG131 not a default for this input
Python numbers may have a default: a number of the declared kind, inside the domain.
Tensors have none.

SG132 an input without default after one with
Inputs are the parameters of a Python function, in order, so those with defaults
come last.

SG133 an input that no formula uses
Its gradient would always be zero, which is hardly meant.

SG134 no differentiable input
Only 'real' inputs without 'grad: false' have a gradient.

SG135 no such output
'surrogate' and 'nondifferentiable' name outputs of 'forward'.

SG136 no differentiable output
If no output has a gradient, there is nothing to derive. An output that is made of
'index' inputs and whole numbers alone is an integer tensor, and has none.

SG137 no such differentiable input
'backward' names inputs that have a gradient, 'samples' names inputs.

SG138 no such function
'edges' maps functions of the table to policies. 'symgrad functions' lists them.

SG139 not something to save
Only inputs and outputs can be kept for backward; all else is computed again.

SG140 samples that cannot be used
A range goes from a smaller to a larger number, and samples lie in the domain. What is
an index or an int has whole numbers; conditions are sampled as true and false. A
shape has at most 4,096 elements.

SG141 a policy that decides nothing
Under 'edges' stand functions whose derivative has a corner, and which occur in the
formulas that are differentiated. Elsewhere a policy has no effect.

SG142 an output that depends on no tensor
An op maps tensors to tensors. What has no tensor behind it is a number, and is best
computed outside of the op.

SG143 a parameter that cannot be trained
The parameters of a module are inputs that have a gradient: real, and not 'grad: false'.

SG144 not initial values
A parameter starts at a number, at 'zeros' or 'ones', or from 'normal(mean, std)' or
'uniform(low, high)', inside of its domain where it has one.

SG145 a module without an input
A module is called with the tensors that are not its parameters, so one has to be left.

SG150 not TOML
The file breaks TOML's own syntax at this place. Texts are quoted, and every pair has a
line of its own.

SG151 a configuration that cannot be read
There is a pyproject.toml here or above, and it may not be read.

SG152 no such file
'specs' under [tool.symgrad] are files, or patterns such as 'specs/*.yaml' that at least
one file fits. They are looked for from the folder of that pyproject.toml.

SG153 no function has such a name
'symgrad functions WORD' lists those with the word in one of their names, and without
words all of them.

SG200 not an expression
Formulas are written like Python expressions. Products need their sign: 2*x.

SG201 an empty formula
There is nothing to compute.

SG202 a formula that is too large
A formula has at most 4,096 characters, 1,000 parts and 60 levels of nesting. Give
parts of it names under 'let', of which there may be thousands.

SG203 a character that formulas do not have
Formulas are made of ASCII letters, digits, operators, parentheses and commas.

SG204 not part of the language of formulas
Only numbers, names, operators, comparisons, 'a if c else b' and calls of known
functions are: no attributes, texts, comprehensions, assignments.

SG205 a number beyond the range of a double
It overflows, or it is not zero but rounds to zero.

SG206 a constant that is too large to work with
Exact constants are bounded in size. Write exp(n*log(x)) for a large power.

SG207 a constant that is not a finite real number
Such as log(0), sqrt(-1) or 1/0. (log(x) is fine: it is NaN where x < 0.)

SG208 a condition as a number, or the reverse
Comparisons, and inputs of kind mask and bool, choose between values:
where(condition, a, b). A number is compared to become a condition.

SG210 an unknown name or function
It is no input, let or earlier output, no constant and no function of the table.
'symgrad functions' lists the functions.

SG211 the wrong number of arguments
The function takes more or fewer.

SG212 not the pairs of a Piecewise
Piecewise((a, x < 0), (b, x < 1), (c, True)) is pairs of value and condition.

SG213 a Piecewise without default
Where no condition holds it would have no value. Its last condition is True.

SG214 an argument that must be a number, written out
Such as the order n of polygamma(n, x) and the exponent s of zeta(s, a), which choose
another function: there is no derivative by them.

SG215 not for complex numbers
They have no order, and most special functions are known of real numbers only. Take
abs(), re() or im() of them; analytic functions, 're', 'im', 'conjugate', 'arg', 'abs'
and 'sign' take them as they are.

SG221 a function that calls itself
The formulas under 'functions' are expanded where they are called.

SG222 two symbols of one name
SymPy tells symbols of one name apart by their assumptions, and nothing else does.
Use one symbol.

SG230 indices that do not fit
A name with named axes stands with one index for each of them: x[i, j]. What stands
between brackets is a bare name, integers to gather by, or a whole number. A name
without named axes has no brackets.

SG231 an index over two axes
An index runs over the axis at whose place it stands. Two axes take two indices, even
where their sizes are always equal.

SG232 free indices that are not those of the name
The indices that a formula leaves free are those in the brackets of its name, y[i, k],
in the order of the output's axes. All others are bound by reductions.

SG233 the index of a reduction
sum(e, i) binds an index that is free in e and has no meaning around it. softmax,
log_softmax and cumsum leave it free.

SG234 axes that cannot be declared so
Axes are names with commas between, '...' in front for the batch: real[..., n]. Where
one input has axes every tensor says which it has: [] for none, [...] for the batch
alone.

SG301 no derivative
SymPy leaves a derivative in this expression that it cannot carry out.

SG302 an fdiff that is not the derivative
A SymPy function of your own is derived from what its doit or its
_eval_rewrite_as_... returns. If its class has an fdiff, the two must agree. A
derivative of your own choice is given by 'surrogate' or 'backward'.

SG303 the derivation was stopped
It went beyond its limit of processor time or memory for one spec; the message says
which. Real ops take a second or two each.

SG312 a let that nothing uses (warning)
It has no effect on the generated code.

SG313 an op without kernels (warning)
'--backend cpu' writes kernels for elementwise ops of real numbers, and for ops along
one axis that is the last. Any other op is computed by its torch formula, with the same
results.

SG501 a symbolic link
Generated files replace regular files only. 'gen --force FILE' replaces the link
itself, never what it points to.

SG502 a file that symgrad did not write
It has no header of symgrad's. 'gen --force FILE' replaces it nevertheless.

SG503 a generated file that was edited
Its text no longer has the hash that its header gives. 'gen --force FILE' replaces
it; the edit is lost.

SG504 not a regular file
A folder, pipe or device is in the way.

SG505 the operating system refused
The message has its words.

SG506 two specs would write one file
Modules are called like their specs, tests with 'test_' in front, and case does not
tell file names apart everywhere. Rename one, or choose different folders.

SG507 a generated file without use (warning)
Its spec is gone, or it is a lock and nothing is searched for any more. Delete it, or
bring the spec back.

SG508 --force for a file that is not written
The option names the files that may be replaced, one by one.

SG509 a lock that cannot be gone by
Beside a module stands <stem>.lock.json with the stable forms that were chosen, so that
they are not searched again. Its text no longer has the hash that it gives, or what it
holds is no choice. 'gen --reselect --force FILE' searches again and writes it anew.

SG510 a file that is there already
'symgrad new' overwrites nothing, and 'symgrad schema -o FILE' nothing but a schema that
symgrad wrote. Choose another name, or remove the file.

SG511 what is printed cannot be written
The disk is full, or nobody may write more to it. What is there is not the whole.

SG600 a rung of the verification failed
The emitted code, or its gradient, differs from the truth at the point shown. As a
rule this is a fault in symgrad: please report it with the spec.

SG601 too few points to verify at
The op is finite at too few of the points that were tried. Declare the domains of
its inputs, or give 'samples'.

SG602 verification was stopped
The process in which generated code runs went beyond its limit of time or memory.

SG603 no such callable
'verify' and 'audit' take MODULE:NAME, where MODULE is what 'import' takes, or the path
of a Python file, and NAME a function or class in it. It is imported in a process of
its own, from the current folder as well. Of SPEC:OP, OP is an op in the file SPEC.

SG604 no such device
'bench --device cuda' needs a GPU, and a torch that was built for it.

SG605 an op that cannot be timed
At this size, or in this dtype, the generated op itself does not run: there is not
enough memory, or torch lacks a function in that dtype. Where a rival fails the table
says why.

SG606 a plot that cannot be drawn
'bench --plot FILE' writes .svg or .png, and needs matplotlib:
pip install 'symgrad[benchmarks]'.

SG607 a process was ended from outside
'gen --jobs N' works on each spec in a process of its own. One of them was ended, by the
system for want of memory perhaps. Nothing was written.

SG608 kernels do not compile
'symgrad build' ran a compiler, which refused the C++ beside a generated module; what it
said is above. It takes a compiler for C++20; CXX names another than c++.

SG609 there are no kernels to compile
'symgrad build' compiles what 'gen --backend cpu' writes. Where no op of a spec can have
a kernel (one with named axes cannot, nor one with complex or integer tensors), there is
nothing to compile.

SG610 there is nothing to watch with
'symgrad gen --watch' is told of changes by watchfiles: pip install 'symgrad[watch]'.

SG704 matrix functions are not built yet
The format has them; this version does not.

SG705 these bounds of a sum are not built yet
A bound is a place, Sum(e, (i, 0, 3)), or counted from the size of the axis,
(i, 1, n - 2), or one of them is another index of the same axis, (i, 0, j). How many
terms there are does not depend on a value.

SG707 this backend is not built yet
Code for PyTorch's own operators is what this version emits.

SG708 stencils are not built yet
The format has them; this version does not.

SG709 implicit functions are not built yet
The format has them; this version does not.

SG710 integrals are not built yet
The format has them; this version does not.
"""


def _codes(page: str) -> Iterator[Code]:
    for entry in page.strip().split("\n\n"):
        head, _, explanation = entry.partition("\n")
        code, _, title = head.partition(" ")
        yield Code(code, title, explanation)


CODES: Mapping[str, Code] = {row.code: row for row in _codes(_PAGE)}
"""Every code that a message may have, in order."""
