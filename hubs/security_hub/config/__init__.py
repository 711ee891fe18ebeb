"""How is each part of the platform configured, since when and by whom? (the former config-service)"""
