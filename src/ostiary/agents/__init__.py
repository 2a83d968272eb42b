"""The door for agents: enrolment by HTTP, questions and answers over one WebSocket.

Who may come in is decided in `flows.agents`; what they are asked, by connections.
"""
