"""X-Road under a manifest (``protocol = "x-road"``): the client's side of X-Road's message protocol for REST (PR-REST 1.0.4).

The agency is asked through a Security Server of ours, which signs, carries and checks; the manifest says which service each endpoint
is, and how its replies are read, as for any other agency. Added here: whose question it is, what an error of X-Road itself means, that
a reply answers this question and no other, and what we are allowed to ask, told without asking about anybody.
"""
