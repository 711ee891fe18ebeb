"""What goes into the audit log and the mail queue from this hub?"""
