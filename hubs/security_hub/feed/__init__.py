"""What has just changed, for everybody who waits to hear of it?"""
