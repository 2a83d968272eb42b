"""The program that runs beside a directory and answers for it: `ostiary agent`.

It dials out to a server and listens nowhere; how LDAP is spoken is told in
`connections.ldap`.
"""
